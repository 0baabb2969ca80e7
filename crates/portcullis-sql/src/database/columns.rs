use std::str::FromStr;

use portcullis_accounts::{RecordId, UserRef};
use portcullis_core::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use uuid::Uuid;

use super::Failure;

/// A row of either database.
pub(crate) enum Row {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::sqlite::SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::postgres::PgRow),
}

/// Reads the columns of a row one after the other, in the order in which the statement names them.
pub(crate) struct Columns<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r Row) -> Self {
        Self { row, next: 0 }
    }
}

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)+) => {
        impl Columns<'_> {
            $($(#[$doc])* pub(crate) fn $name(&mut self) -> Result<$type, Failure> {
                let index = self.next;
                self.next += 1;
                Ok(match self.row {
                    #[cfg(feature = "sqlite")]
                    Row::Sqlite(row) => row.try_get(index)?,
                    #[cfg(feature = "postgres")]
                    Row::Postgres(row) => row.try_get(index)?,
                })
            })+
        }
    };
}

columns! {
    int: i64;
    maybe_int: Option<i64>;
    flag: bool;
    text: String;
    maybe_text: Option<String>;
    bytes: Vec<u8>;
    maybe_bytes: Option<Vec<u8>>;
    uuid: Uuid;
    maybe_uuid: Option<Uuid>;
}

impl Columns<'_> {
    pub(crate) fn id(&mut self) -> Result<RecordId, Failure> {
        Ok(RecordId::from_bytes(self.uuid()?.into_bytes()))
    }

    pub(crate) fn maybe_id(&mut self) -> Result<Option<RecordId>, Failure> {
        let id = self.maybe_uuid()?;
        Ok(id.map(|id| RecordId::from_bytes(id.into_bytes())))
    }

    /// A user in two columns: collection and id.
    pub(crate) fn user(&mut self) -> Result<UserRef, Failure> {
        let collection = self.text()?;
        Ok(UserRef::new(collection, self.id()?))
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Failure> {
        self.int().map(Timestamp::from_unix_millis)
    }

    pub(crate) fn maybe_time(&mut self) -> Result<Option<Timestamp>, Failure> {
        let millis = self.maybe_int()?;
        Ok(millis.map(Timestamp::from_unix_millis))
    }

    /// A number that is never negative and fits.
    pub(crate) fn count<N: TryFrom<i64>>(&mut self) -> Result<N, Failure> {
        in_range(self.int()?)
    }

    /// The same, or nothing.
    pub(crate) fn maybe_count<N: TryFrom<i64>>(&mut self) -> Result<Option<N>, Failure> {
        self.maybe_int()?.map(in_range).transpose()
    }

    /// Bytes of a known length: a digest.
    pub(crate) fn digest(&mut self) -> Result<[u8; 32], Failure> {
        let bytes = self.bytes()?;
        <[u8; 32]>::try_from(bytes).map_err(|_| Failure::nonsense("a digest has the wrong length"))
    }

    /// Text that some type reads, or nothing.
    pub(crate) fn maybe_parsed<T: FromStr>(&mut self) -> Result<Option<T>, Failure> {
        let text = self.maybe_text()?;
        text.map(|text| text.parse())
            .transpose()
            .map_err(|_| Failure::nonsense("a text cannot be read"))
    }

    /// A list of texts, kept as JSON.
    pub(crate) fn list(&mut self) -> Result<Vec<String>, Failure> {
        self.json()
    }

    /// The same, or nothing.
    pub(crate) fn maybe_list(&mut self) -> Result<Option<Vec<String>>, Failure> {
        self.maybe_text()?.map(|text| of_json(&text)).transpose()
    }

    /// Whatever was kept as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        of_json(&self.text()?)
    }
}

fn in_range<N: TryFrom<i64>>(number: i64) -> Result<N, Failure> {
    N::try_from(number).map_err(|_| Failure::nonsense("a number is out of range"))
}

fn of_json<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text)
        .map_err(|_| Failure::nonsense("this is not the JSON that it should be"))
}
