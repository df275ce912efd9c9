using Microsoft.Extensions.Configuration;

namespace Millrace.Configuration;

/// <summary>The keys of a section: each is bound by its name, and one that nobody knows is refused.</summary>
/// <param name="section">The section.</param>
/// <param name="note">What is added to the error of an unknown key, for example of what the known ones depend on.</param>
internal sealed class ConfigurationKeys(IConfiguration section, string note)
{
    private string Path => (section as IConfigurationSection)?.Path ?? "";

    public IConfigurationSection Section(string key) => section.GetSection(key);

    /// <summary>Binds every key that is there, in the order in which they are known.</summary>
    /// <param name="known">Each key with what its value does.</param>
    public void Bind(params ReadOnlySpan<(string Key, Action<ConfigurationValue> Apply)> known)
    {
        var names = new List<string>();
        foreach (var (key, _) in known)
        {
            names.Add(key);
        }

        if (section is IConfigurationSection { Value: { Length: > 0 } value })
        {
            throw ConfigurationErrors.WrongValue(Path, value, $"a section with keys such as {names[0]}");
        }

        // Before any value is looked at: a key that is misspelt explains a value that seems to be missing.
        foreach (var child in section.GetChildren())
        {
            if (!names.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                throw ConfigurationErrors.UnknownKey(child.Path, Path, child.Key, names, note);
            }
        }

        foreach (var (key, apply) in known)
        {
            if (section.GetSection(key) is var child && child.Exists())
            {
                apply(new ConfigurationValue(child));
            }
        }
    }
}
