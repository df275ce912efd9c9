using System.Text;
using System.Text.Json;
using CsCheck;
using Millrace.Connectors;

namespace Millrace.Tests.Connectors;

public sealed class JsonElementScannerTests
{
    // Mostly plain text, so that blocks of 64 bytes are met, with everything that ends the plain way.
    private static readonly Gen<string> Piece = Gen.OneOf(
        Gen.String[Gen.Char['a', 'f'], 0, 70],
        Gen.OneOf("{", "}", "[", "]", "\"", "\"", "{\"a\":", "\"}", "],", "\\\\", "\\\"", "\n"));

    [Fact]
    public void Block_by_block_and_byte_by_byte_are_the_same() =>
        Gen.Select(Gen.OneOf("{", "[", "\""), Piece.Array[0, 40]).Sample(
            (first, pieces) =>
            {
                byte[] text = Encoding.UTF8.GetBytes(first + string.Concat(pieces));
                var whole = Scan(text, text.Length);
                for (int step = 1; step < 90; step += 11)
                {
                    Assert.Equal(whole, Scan(text, step));
                }
            },
            iter: 3000);

    [Fact]
    public void A_sound_element_ends_where_the_parser_says() =>
        Gen.Select(Gen.Dictionary(Gen.String, Gen.String[0, 90].Array[0, 5])[0, 5], Gen.Bool).Sample(
            (value, indented) =>
            {
                byte[] element = JsonSerializer.SerializeToUtf8Bytes(value, new JsonSerializerOptions { WriteIndented = indented });
                byte[] text = [.. element, .. Encoding.UTF8.GetBytes(new string(',', 100))];
                Assert.Equal((JsonScan.Complete, element.Length, null), Scan(text, text.Length));
            },
            iter: 1000);

    private static (JsonScan Found, int Scanned, string? Error) Scan(byte[] text, int step)
    {
        var scanner = new JsonElementScanner();
        scanner.Begin();
        var found = JsonScan.NeedsMore;
        for (int length = Math.Min(step, text.Length); found == JsonScan.NeedsMore; length = Math.Min(length + step, text.Length))
        {
            found = scanner.Scan(text.AsSpan(0, length));
            if (length == text.Length)
            {
                break;
            }
        }

        return (found, scanner.Scanned, scanner.Error);
    }
}
