use serde::Serialize;

/// A provider by which one can log in, as users are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Offered {
    /// How it stands in paths: `google`.
    pub(crate) name: String,
    /// What people call it: `Google`.
    pub(crate) title: String,
}
