//! The names that C and TI-RPC give to every `.x` file. A file may define them itself.

use super::tree::{Integer, Spec};

/// Names for the types of the language.
pub(super) fn spec(name: &str) -> Option<Spec> {
    Some(Spec::Int(match name {
        "bool_t" => return Some(Spec::Bool),
        "int8_t" | "int8" => Integer::Char,
        "uint8_t" | "u_int8_t" | "uint8" | "u_char" | "uchar" => Integer::UChar,
        "int16_t" | "int16" => Integer::Short,
        "uint16_t" | "u_int16_t" | "uint16" | "u_short" | "ushort" => Integer::UShort,
        "int32_t" | "int32" | "enum_t" | "time_t" => Integer::Int,
        "uint32_t" | "u_int32_t" | "uint32" | "u_int" | "uint" | "u_long" | "ulong" => {
            Integer::UInt
        }
        "rpcprog_t" | "rpcvers_t" | "rpcproc_t" | "rpcprot_t" | "rpcport_t" => Integer::UInt,
        "int64_t" | "int64" | "quad_t" | "longlong_t" => Integer::Hyper,
        "uint64_t" | "u_int64_t" | "uint64" | "u_quad_t" | "u_longlong_t" | "u_hyper" => {
            Integer::UHyper
        }
        _ => return None,
    }))
}

/// What needs a definition, which the unit gets if it uses the name.
pub(super) const DEFINITIONS: &str = "\
/* An opaque value of TI-RPC. */
typedef opaque netobj<1024>;
const AUTH_NONE = 0;
const AUTH_NULL = 0;
const AUTH_SYS = 1;
const AUTH_UNIX = 1;
const AUTH_SHORT = 2;
const AUTH_DH = 3;
const AUTH_DES = 3;
const AUTH_KERB = 4;
const RPCSEC_GSS = 6;
const MAX_AUTH_BYTES = 400;
const MAX_NETOBJ_SZ = 1024;
";
