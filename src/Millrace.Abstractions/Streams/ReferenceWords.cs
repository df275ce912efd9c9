using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Millrace;

/// <summary>Finds out where the references of a struct are.</summary>
internal static class ReferenceWords
{
    private const int Word = 8;

    /// <summary>A bit for each word of a struct that is a reference; 0 where that cannot be found out.</summary>
    public static uint Of(Type type)
    {
        var method = new DynamicMethod("ReferenceWords", typeof(uint), [], type.Module, skipVisibility: true);
        var code = method.GetILGenerator();
        var local = code.DeclareLocal(type);
        code.Emit(OpCodes.Ldc_I4_0);
        if (!TryEmit(code, local, [], type))
        {
            return 0;
        }

        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<uint>>()();
    }

    // Adds the references of a struct, which is reached by some fields, to the number on the stack.
    private static bool TryEmit(ILGenerator code, LocalBuilder local, FieldInfo[] path, Type type)
    {
        if (type.IsDefined(typeof(InlineArrayAttribute), inherit: false))
        {
            return false;
        }

        foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            if (field.FieldType.IsPointer || field.FieldType.IsFunctionPointer)
            {
                continue;
            }

            if (!field.FieldType.IsValueType)
            {
                EmitBit(code, local, [.. path, field]);
            }
            else if (!field.FieldType.IsPrimitive && !field.FieldType.IsEnum && !TryEmit(code, local, [.. path, field], field.FieldType))
            {
                return false;
            }
        }

        return true;
    }

    private static void EmitBit(ILGenerator code, LocalBuilder local, FieldInfo[] path)
    {
        code.Emit(OpCodes.Ldc_I4_1);
        code.Emit(OpCodes.Ldloca, local);
        foreach (var field in path)
        {
            code.Emit(OpCodes.Ldflda, field);
        }

        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Ldloca, local);
        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Sub);
        code.Emit(OpCodes.Ldc_I4, Word);
        code.Emit(OpCodes.Div_Un);
        code.Emit(OpCodes.Conv_I4);
        code.Emit(OpCodes.Shl);
        code.Emit(OpCodes.Or);
    }
}
