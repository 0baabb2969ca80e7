//! Bearer tokens: seen before, at first sight, broken.

mod cases;
mod peers;
mod report;

pub(crate) use self::cases::{enter, verifier};
pub(crate) use self::peers::{authorizer, authorizer_layer, validation};
pub(crate) use self::report::report;

use crate::token::Issuer;

/// The algorithms that the cases are run with.
const ALGORITHMS: [&str; 4] = ["HS256", "RS256", "ES256", "EdDSA"];

/// The keys that all cases share.
pub(crate) struct Issuers([Issuer; 4]);

impl Issuers {
    pub(crate) fn new() -> Self {
        Self([
            Issuer::hs256(),
            Issuer::rs256(),
            Issuer::es256(),
            Issuer::eddsa(),
        ])
    }

    fn named(&self) -> impl Iterator<Item = (&'static str, &Issuer)> {
        ALGORITHMS.into_iter().zip(&self.0)
    }

    pub(crate) fn hs256(&self) -> &Issuer {
        &self.0[0]
    }

    pub(crate) fn eddsa(&self) -> &Issuer {
        &self.0[3]
    }

    pub(crate) fn es256(&self) -> &Issuer {
        &self.0[2]
    }
}
