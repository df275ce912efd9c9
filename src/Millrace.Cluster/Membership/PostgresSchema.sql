-- What a cluster keeps in PostgreSQL. Run by each worker when it starts, under a lock; running it again changes nothing.

do $$
begin
    -- Asked first: a user who may not create schemas can work in one that exists.
    if not exists (select from pg_namespace where nspname = 'millrace') then
        create schema millrace;
    end if;
end
$$;

create table if not exists millrace.job_record (
    cluster_id text not null,
    job text not null,
    etag bigint not null,
    record text not null,
    primary key (cluster_id, job)
);

-- A row for each cluster. Every change of its members raises the version, and names the one that it has seen.
create table if not exists millrace.cluster_version (
    cluster_id text primary key,
    version integer not null
);

-- A row for each start of a worker.
create table if not exists millrace.cluster_member (
    cluster_id text not null references millrace.cluster_version,
    address text not null,
    port integer not null,
    generation integer not null,
    silo_name text not null,
    host_name text not null,
    status integer not null,
    proxy_port integer,
    suspect_times text,
    start_time timestamptz not null,
    alive_time timestamptz not null,
    primary key (cluster_id, address, port, generation)
);

-- The provider reads its statements from here, by these keys; it gives the parameters and names the columns that it wants.
create or replace view millrace.orleansquery (querykey, querytext) as values
    ('InsertMembershipVersionKey'::text, $query$
        with written as (
            insert into millrace.cluster_version (cluster_id, version) values (@DeploymentId, 0) on conflict do nothing returning 1)
        select exists (select from written)
    $query$::text),
    ('InsertMembershipKey', $query$
        with advanced as (
            update millrace.cluster_version set version = version + 1
            where cluster_id = @DeploymentId and version = @Version and not exists (
                select from millrace.cluster_member
                where cluster_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation)
            returning 1),
        written as (
            insert into millrace.cluster_member
                (cluster_id, address, port, generation, silo_name, host_name, status, proxy_port, start_time, alive_time)
            select @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
            from advanced
            returning 1)
        select exists (select from written)
    $query$),
    ('UpdateMembershipKey', $query$
        with advanced as (
            update millrace.cluster_version set version = version + 1
            where cluster_id = @DeploymentId and version = @Version and exists (
                select from millrace.cluster_member
                where cluster_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation)
            returning 1),
        written as (
            update millrace.cluster_member set status = @Status, suspect_times = @SuspectTimes, alive_time = @IAmAliveTime
            from advanced
            where cluster_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation
            returning 1)
        select exists (select from written)
    $query$),
    ('UpdateIAmAlivetimeKey', $query$
        update millrace.cluster_member set alive_time = @IAmAliveTime
        where cluster_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation
    $query$),
    ('MembershipReadRowKey', $query$
        select v.version as Version, m.address as Address, m.port as Port, m.generation as Generation, m.silo_name as SiloName,
            m.host_name as HostName, m.status as Status, m.proxy_port as ProxyPort, m.suspect_times as SuspectTimes,
            m.start_time as StartTime, m.alive_time as IAmAliveTime
        from millrace.cluster_version v
        left join millrace.cluster_member m
            on m.cluster_id = v.cluster_id and m.address = @Address and m.port = @Port and m.generation = @Generation
        where v.cluster_id = @DeploymentId
    $query$),
    ('MembershipReadAllKey', $query$
        select v.version as Version, m.address as Address, m.port as Port, m.generation as Generation, m.silo_name as SiloName,
            m.host_name as HostName, m.status as Status, m.proxy_port as ProxyPort, m.suspect_times as SuspectTimes,
            m.start_time as StartTime, m.alive_time as IAmAliveTime
        from millrace.cluster_version v
        left join millrace.cluster_member m on m.cluster_id = v.cluster_id
        where v.cluster_id = @DeploymentId
    $query$),
    ('GatewaysQueryKey', $query$
        select address as Address, proxy_port as ProxyPort, generation as Generation
        from millrace.cluster_member
        where cluster_id = @DeploymentId and status = @Status and proxy_port > 0
    $query$),
    ('DeleteMembershipTableEntriesKey', $query$
        with gone as (delete from millrace.cluster_member where cluster_id = @DeploymentId)
        update millrace.cluster_version set version = 0 where cluster_id = @DeploymentId
    $query$),
    -- 6: declared dead. One that only has not been heard of for long is for the others to declare.
    ('CleanupDefunctSiloEntriesKey', $query$
        delete from millrace.cluster_member where cluster_id = @DeploymentId and alive_time < @IAmAliveTime and status = 6
    $query$);
