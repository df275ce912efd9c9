using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Millrace.Hosting;

namespace Millrace.Rest.Tests;

/// <summary>Programs and jobs over HTTP, on a worker of a cluster of one.</summary>
public sealed class RestTests
{
    private const string Trades = "Millrace.ClusterTests.Submitted.TradesJob";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Program => Path.Combine(AppContext.BaseDirectory, "program");

    [Fact]
    public async Task A_program_is_uploaded_run_cancelled_and_deleted()
    {
        await using var host = await SessionHost.StartAsync(app => app.MapMillrace().AllowAnonymous(), ("Scheduling:ScalingCooldown", "0s"));
        string jar = await UploadAsync(host.Client, Body());
        var listed = (await GetAsync(host.Client, "/v1/jars")).GetProperty("files");
        Assert.Equal((1, jar), (listed.GetArrayLength(), listed[0].GetProperty("id").GetString()));
        Assert.Contains(Trades, listed[0].GetProperty("entry").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()));

        string results = Path.Combine(host.Folder, "results");
        var run = await SendAsync(host.Client, HttpMethod.Post, $"/v1/jars/{jar}/run", JsonContent.Create(new
        {
            entryClass = Trades,
            parallelism = 1,
            programArgsList = new[] { results, "1000000", "1000" },
            jobName = "trades",
        }));
        string job = run.GetProperty("jobid").GetString()!;
        Assert.Equal(32, job.Length);
        await StateAsync(host.Client, job, "RUNNING");
        var overview = (await GetAsync(host.Client, "/v1/jobs/overview")).GetProperty("jobs");
        Assert.Equal((job, "trades", "RUNNING"), (overview[0].GetProperty("jid").GetString(), overview[0].GetProperty("name").GetString(), overview[0].GetProperty("state").GetString()));
        Assert.All((await GetAsync(host.Client, "/v1/jobs/trades")).GetProperty("vertices").EnumerateArray(), vertex => Assert.Equal(1, vertex.GetProperty("parallelism").GetInt32()));
        Assert.Equal(2, (await GetAsync(host.Client, "/v1/taskmanagers")).GetProperty("taskmanagers")[0].GetProperty("slotsNumber").GetInt32());

        // The bounds of its tasks are Flink's resource requirements.
        var tasks = (await GetAsync(host.Client, "/v1/jobs/trades/resource-requirements")).EnumerateObject().ToDictionary(task => task.Name, task => task.Value.GetProperty("parallelism"));
        Assert.All(tasks.Values, range => Assert.Equal((1, 128), (range.GetProperty("lowerBound").GetInt32(), range.GetProperty("upperBound").GetInt32())));
        string sink = tasks.Keys.Last();
        await SendAsync(host.Client, HttpMethod.Put, $"/v1/jobs/{job}/resource-requirements", JsonContent.Create(new Dictionary<string, object> { [sink] = new { parallelism = new { lowerBound = 2, upperBound = 2 } } }));
        Assert.Equal(2, (await GetAsync(host.Client, "/v1/jobs/trades")).GetProperty("vertices").EnumerateArray().Single(vertex => vertex.GetProperty("name").GetString() == sink).GetProperty("parallelism").GetInt32());
        Assert.Equal(2, (await GetAsync(host.Client, "/v1/jobs/trades/resource-requirements")).GetProperty(sink).GetProperty("parallelism").GetProperty("lowerBound").GetInt32());
        await RefuseAsync(host.Client, HttpMethod.Put, "/v1/jobs/trades/resource-requirements", HttpStatusCode.BadRequest, "MR6010", JsonContent.Create(new { nothing = new { parallelism = new { lowerBound = 1, upperBound = 1 } } }));
        await RefuseAsync(host.Client, HttpMethod.Put, "/v1/jobs/trades/resource-requirements", HttpStatusCode.BadRequest, "'nothing' the parallelism is missing", JsonContent.Create(new { nothing = new { } }));

        await RefuseAsync(host.Client, HttpMethod.Post, $"/v1/jars/{jar}/run", HttpStatusCode.Conflict, "MR6025", JsonContent.Create(new { entryClass = Trades, programArgsList = new[] { results, "1", "1" }, jobName = "Trades" }));
        await RefuseAsync(host.Client, HttpMethod.Delete, $"/v1/jars/{jar}", HttpStatusCode.Conflict, "MR6024");
        await RefuseAsync(host.Client, HttpMethod.Delete, $"/v1/jobs/{job}", HttpStatusCode.Conflict, "MR6005");
        await SendAsync(host.Client, HttpMethod.Patch, $"/v1/jobs/{job}?mode=cancel");
        await StateAsync(host.Client, job, "CANCELED");
        await SendAsync(host.Client, HttpMethod.Delete, $"/v1/jobs/{job}");
        await RefuseAsync(host.Client, HttpMethod.Get, $"/v1/jobs/{job}", HttpStatusCode.NotFound, "no job");
        await SendAsync(host.Client, HttpMethod.Delete, $"/v1/jars/{jar}");
        Assert.Equal(0, (await GetAsync(host.Client, "/v1/jars")).GetProperty("files").GetArrayLength());
    }

    [Fact]
    public async Task A_folder_is_the_same_program_in_whatever_order_its_files_come_and_an_archive_may_be_a_part()
    {
        await using var host = await SessionHost.StartAsync(app => app.MapMillrace().AllowAnonymous());
        string[] files = [.. Directory.EnumerateFiles(Program, "*", SearchOption.AllDirectories)];
        using var forwards = Parts(files);
        using var backwards = Parts([.. files.Reverse()]);
        string first = await UploadAsync(host.Client, forwards);
        Assert.Equal(first, await UploadAsync(host.Client, backwards));

        using var part = new MultipartFormDataContent { { Body(), "jarfile", "orders.zip" } };
        string second = await UploadAsync(host.Client, part);
        Assert.Equal(second, await UploadAsync(host.Client, Body()));
        var names = (await GetAsync(host.Client, "/v1/jars")).GetProperty("files").EnumerateArray().ToDictionary(file => file.GetProperty("id").GetString()!, file => file.GetProperty("name").GetString());
        Assert.Equal(("folder", "orders.zip"), (names[first], names[second]));

        // A name that leads elsewhere stays a name.
        using var evil = Parts(files);
        evil.Add(new ByteArrayContent([1]), "file", "../../evil.dll");
        await RefuseAsync(host.Client, HttpMethod.Post, "/v1/jars/upload", HttpStatusCode.BadRequest, "MR6022", evil);
        using var none = new MultipartFormDataContent { { new StringContent("x"), "field" } };
        await RefuseAsync(host.Client, HttpMethod.Post, "/v1/jars/upload", HttpStatusCode.BadRequest, "no file", none);
    }

    [Fact]
    public async Task What_is_wrong_is_said_with_its_code()
    {
        await using var host = await SessionHost.StartAsync(app => app.MapMillrace().AllowAnonymous(), ("Session:MaxProgramSize", "100000"));
        await RefuseAsync(host.Client, HttpMethod.Post, "/v1/jars/upload", HttpStatusCode.BadRequest, "MaxProgramSize", Body());
        await RefuseAsync(host.Client, HttpMethod.Post, "/v1/jars/upload", HttpStatusCode.BadRequest, "MR6022", new ByteArrayContent(new byte[1_000]));
        await RefuseAsync(host.Client, HttpMethod.Post, "/v1/jars/nothing/run", HttpStatusCode.NotFound, "MR6023", JsonContent.Create(new { }));
        await RefuseAsync(host.Client, HttpMethod.Post, "/v1/jars/nothing/run", HttpStatusCode.BadRequest, "no JSON", new StringContent("{", new MediaTypeHeaderValue("application/json")));
        await RefuseAsync(host.Client, HttpMethod.Patch, "/v1/jobs/nothing?mode=stop", HttpStatusCode.BadRequest, "'stop'");
        await RefuseAsync(host.Client, HttpMethod.Get, "/v1/jobs/nothing", HttpStatusCode.NotFound, "'nothing'");
    }

    [Fact]
    public async Task Nobody_may_until_it_is_said_who_and_pages_of_other_sites_never()
    {
        await using var open = await SessionHost.StartAsync(app => app.MapMillrace());
        await RefuseAsync(open.Client, HttpMethod.Get, "/v1/jars", HttpStatusCode.Forbidden, "MR6028");
        await RefuseAsync(open.Client, HttpMethod.Post, "/v1/jars/upload", HttpStatusCode.Forbidden, "MR6028", Body());

        await using var host = await SessionHost.StartAsync(app => app.MapMillrace().AllowAnonymous());
        host.Client.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");
        await RefuseAsync(host.Client, HttpMethod.Post, "/v1/jars/upload", HttpStatusCode.Forbidden, "another site", Body());
        await GetAsync(host.Client, "/v1/jars");
    }

    [Fact]
    public async Task Where_programs_are_not_taken_everything_about_them_is_refused()
    {
        await using var host = await SessionHost.StartAsync(app => app.MapMillrace().AllowAnonymous(), ("Session:Enabled", "false"));
        await RefuseAsync(host.Client, HttpMethod.Get, "/v1/jars", HttpStatusCode.Forbidden, "MR6021");
        await RefuseAsync(host.Client, HttpMethod.Post, "/v1/jars/upload", HttpStatusCode.Forbidden, "MR6021", Body());
        await RefuseAsync(host.Client, HttpMethod.Post, "/v1/jars/x/run", HttpStatusCode.Forbidden, "MR6021", JsonContent.Create(new { }));
        await RefuseAsync(host.Client, HttpMethod.Delete, "/v1/jars/x", HttpStatusCode.Forbidden, "MR6021");
        Assert.Equal(0, (await GetAsync(host.Client, "/v1/jobs/overview")).GetProperty("jobs").GetArrayLength());
    }

    private static ByteArrayContent Body()
    {
        var stream = new MemoryStream();
        ZipFile.CreateFromDirectory(Program, stream, CompressionLevel.Fastest, includeBaseDirectory: false);
        return new ByteArrayContent(stream.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/zip") } };
    }

    private static MultipartFormDataContent Parts(IEnumerable<string> files)
    {
        var content = new MultipartFormDataContent();
        foreach (string file in files)
        {
            content.Add(new ByteArrayContent(File.ReadAllBytes(file)), "file", Path.GetRelativePath(Program, file).Replace('\\', '/'));
        }

        return content;
    }

    private static async Task<string> UploadAsync(HttpClient client, HttpContent body) => (await SendAsync(client, HttpMethod.Post, "/v1/jars/upload", body)).GetProperty("id").GetString()!;

    private static Task<JsonElement> GetAsync(HttpClient client, string path) => SendAsync(client, HttpMethod.Get, path);

    private static async Task<JsonElement> SendAsync(HttpClient client, HttpMethod method, string path, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        using var response = await client.SendAsync(request, Cancel);
        string text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {response.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    private static async Task RefuseAsync(HttpClient client, HttpMethod method, string path, HttpStatusCode status, string part, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        using var response = await client.SendAsync(request, Cancel);
        string text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == status, $"{method} {path}: {response.StatusCode} {text}");
        Assert.Contains(part, JsonSerializer.Deserialize<JsonElement>(text).GetProperty("errors")[0].GetString(), StringComparison.Ordinal);
    }

    // A job tells nobody when it is where it should be.
    private static async Task StateAsync(HttpClient client, string job, string state)
    {
        long since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var found = await GetAsync(client, $"/v1/jobs/{job}");
            if (found.GetProperty("state").GetString() == state)
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(since) < Patience, $"The job should be {state}: {found}");
            await Task.Delay(Pause, TimeProvider.System, Cancel);
        }
    }
}
