use std::fmt::Write as _;

use super::list::MIGRATIONS;
use super::{CREATE_VERSIONS, checksum};
use crate::dialect::Dialect;

/// The migrations after a version as one script, which also notes them as applied.
pub(crate) fn script(dialect: Dialect, after: i64) -> String {
    let mut script = format!("BEGIN;\n\n{CREATE_VERSIONS};\n");
    let missing = MIGRATIONS.iter().filter(|step| step.version > after);
    for step in missing {
        let text = step.sql.text(dialect);
        let (version, name, checksum) = (step.version, step.name, checksum(text));
        // Writing to a String never fails.
        let _ = write!(
            script,
            "\n-- Migration {version}: {name}\n{text}\n\
             INSERT INTO portcullis_schema (version, name, checksum, applied_at)\n    \
             VALUES ({version}, '{name}', '{checksum}', 0);\n"
        );
    }
    script.push_str("\nCOMMIT;\n");
    script
}
