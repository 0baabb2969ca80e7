use serde::Serialize;

use crate::database::Failure;

/// Lists and objects, as they are kept.
pub(super) fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|_| Failure::refused("a value cannot be written as JSON"))
}

/// The same for what may be left as it is.
pub(super) fn maybe_json(value: Option<&impl Serialize>) -> Result<Option<String>, Failure> {
    value.map(json).transpose()
}
