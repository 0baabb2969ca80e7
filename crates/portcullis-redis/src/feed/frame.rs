//! What nodes say to each other.

use std::borrow::Cow;

use portcullis_jwt::Revocation;
use serde::{Deserialize, Serialize};

/// One message: who speaks, the how-manieth of theirs it is, and what they took back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Frame<'a> {
    /// 128 random bits, anew with each start.
    #[serde(borrow)]
    pub(super) from: Cow<'a, str>,
    /// From 0 on, without gaps: who hears 7 after 5 has missed something.
    pub(super) number: u64,
    pub(super) revoked: Cow<'a, [Revocation]>,
}

impl<'a> Frame<'a> {
    pub(super) fn new(from: &'a str, number: u64, revoked: &'a [Revocation]) -> Self {
        Self {
            from: Cow::Borrowed(from),
            number,
            revoked: Cow::Borrowed(revoked),
        }
    }
}
