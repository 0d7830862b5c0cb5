//! The names of C and of TI-RPC that every file may use, unless it defines them itself.

use crate::ast::Scalar;
use crate::model::{Length, Type};
use crate::suggest::is_slip;

/// What C's headers call a type, which is on the wire as `xdr_…` of libtirpc writes it.
pub(super) fn ty(name: &str) -> Option<Type> {
    Some(Type::Scalar(match name {
        "bool_t" | "boolean" => Scalar::Bool,
        "int8_t" | "int8" => Scalar::I8,
        "uint8_t" | "u_int8_t" | "uint8" | "u_char" | "uchar" => Scalar::U8,
        "int16_t" | "int16" => Scalar::I16,
        "uint16_t" | "u_int16_t" | "uint16" | "u_short" | "ushort" => Scalar::U16,
        // A `long` takes 4 bytes on the wire, whatever it takes in memory.
        "int32_t" | "int32" | "enum_t" | "time_t" => Scalar::I32,
        "uint32_t" | "u_int32_t" | "uint32" | "u_int" | "uint" | "u_long" | "ulong"
        | "rpcprog_t" | "rpcvers_t" | "rpcproc_t" | "rpcprot_t" | "rpcport_t" => Scalar::U32,
        "int64_t" | "int64" | "quad_t" | "longlong_t" => Scalar::I64,
        "uint64_t" | "u_int64_t" | "uint64" | "u_quad_t" | "u_longlong_t" | "u_hyper" => {
            Scalar::U64
        }
        "netobj" => {
            return Some(Type::Bytes(Some(Length {
                value: 1024,
                of: None,
            })));
        }
        // The name that files give a `char *` for which `xdr_wrapstring` is the routine.
        "wrapstring" => return Some(Type::String(None)),
        _ => return None,
    }))
}

/// The words for types that `name` may be a slip of.
pub(super) fn words_near(name: &str) -> impl Iterator<Item = &str> {
    let words = [
        "bool", "char", "double", "float", "hyper", "int", "long", "opaque", "short", "string",
        "unsigned",
    ];
    words.into_iter().filter(move |word| is_slip(name, word))
}

/// How the words of `.idl` files and of other languages are written in `.x` files.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    Some(match name {
        "u8" => "unsigned char",
        "u16" => "unsigned short",
        "u32" => "unsigned int",
        "u64" => "unsigned hyper",
        "i8" => "char",
        "i16" => "short",
        "i32" => "int",
        "i64" => "hyper",
        "f32" | "float32" => "float",
        "f64" | "float64" => "double",
        "str" | "String" => "string name<>",
        "bytes" => "opaque name<>",
        "byte" => "opaque name[1]",
        "list" => "T name<>",
        "optional" => "T *name",
        "map" => "entry name<>` of a `struct entry { K key; V value; }",
        _ => return None,
    })
}

/// The constants of the same headers.
pub(crate) fn constant(name: &str) -> Option<i128> {
    Some(match name {
        "FALSE" | "false" | "AUTH_NONE" | "AUTH_NULL" => 0,
        "TRUE" | "true" | "AUTH_SYS" | "AUTH_UNIX" => 1,
        "AUTH_SHORT" => 2,
        "AUTH_DES" | "AUTH_DH" => 3,
        "AUTH_KERB" => 4,
        "RPCSEC_GSS" => 6,
        "MAX_AUTH_BYTES" => 400,
        "MAX_MACHINE_NAME" | "MAXNETNAMELEN" => 255,
        "MAX_NETOBJ_SZ" => 1024,
        "HEXKEYBYTES" => 48,
        _ => return None,
    })
}
