use portcullis_accounts::RecordId;
use portcullis_core::Timestamp;
use uuid::Uuid;

/// A value that goes into a statement; `None` is NULL of that type, which PostgreSQL wants to know.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Int(Option<i64>),
    Bool(Option<bool>),
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
    Id(Option<Uuid>),
}

macro_rules! value_from {
    ($($from:ty => |$value:ident| $to:expr;)+) => {
        $(impl<'a> From<$from> for Value<'a> {
            fn from($value: $from) -> Self {
                $to
            }
        })+
    };
}

value_from! {
    i64 => |value| Self::Int(Some(value));
    Option<i64> => |value| Self::Int(value);
    u32 => |value| Self::Int(Some(value.into()));
    bool => |value| Self::Bool(Some(value));
    Option<bool> => |value| Self::Bool(value);
    &'a str => |value| Self::Text(Some(value));
    &'a String => |value| Self::Text(Some(value));
    Option<&'a str> => |value| Self::Text(value);
    &'a Option<String> => |value| Self::Text(value.as_deref());
    &'a [u8] => |value| Self::Bytes(Some(value));
    &'a [u8; 32] => |value| Self::Bytes(Some(value));
    Option<&'a [u8]> => |value| Self::Bytes(value);
    RecordId => |value| Self::Id(Some(Uuid::from_bytes(*value.as_bytes())));
    Option<RecordId> => |value| Self::Id(value.map(|id| Uuid::from_bytes(*id.as_bytes())));
    Timestamp => |value| Self::Int(Some(value.unix_millis()));
    Option<Timestamp> => |value| Self::Int(value.map(Timestamp::unix_millis));
}

/// The values of a statement, in the order of its parameters.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::database::Value::from($value)),*][..]
    };
}
pub(crate) use values;

/// Encodes the values for one of the databases.
macro_rules! arguments {
    ($arguments:ty, $values:expr) => {{
        let mut arguments = <$arguments>::default();
        for value in $values {
            match *value {
                Value::Int(value) => arguments.add(value),
                Value::Bool(value) => arguments.add(value),
                Value::Text(value) => arguments.add(value),
                Value::Bytes(value) => arguments.add(value),
                Value::Id(value) => arguments.add(value),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        arguments
    }};
}
pub(super) use arguments;
