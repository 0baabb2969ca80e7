/// Which of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite 3.39 and later; the one that is compiled in is newer.
    Sqlite,
    /// PostgreSQL 12 and later.
    Postgres,
}

impl Dialect {
    /// The one that this URL is for, by its scheme: `sqlite:`, `postgres://` or `postgresql://`.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        let (scheme, _) = url.split_once(':')?;
        match scheme {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }
}

/// One statement. Both databases read parameters as `$1`, `$2` …, so most statements are the same for both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Sql {
    /// A statement for both.
    pub(crate) const fn same(text: &'static str) -> Self {
        Self {
            sqlite: text,
            postgres: text,
        }
    }

    /// A statement that has to be said in two ways.
    pub(crate) const fn per_dialect(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }

    /// What to say to this database.
    pub(crate) const fn text(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::same(text)
    }
}

/// A statement with a list of texts in it, given as JSON: `value` is the column that has them.
macro_rules! with_each {
    ($before:literal, $list:literal, $after:literal) => {
        $crate::dialect::Sql::per_dialect(
            concat!($before, "json_each(", $list, ")", $after),
            concat!(
                $before,
                "json_array_elements_text(",
                $list,
                "::json)",
                $after
            ),
        )
    };
}
pub(crate) use with_each;

/// A statement that has rows to itself which it has chosen, and leaves those alone that somebody else is busy with. SQLite has one
/// writer, which has all rows to itself.
macro_rules! with_rows_locked {
    ($before:expr, $after:expr) => {
        $crate::dialect::Sql::per_dialect(
            concat!($before, $after),
            concat!($before, " FOR UPDATE SKIP LOCKED", $after),
        )
    };
}
pub(crate) use with_rows_locked;
