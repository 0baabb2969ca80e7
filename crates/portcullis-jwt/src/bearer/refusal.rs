//! What a refused token is answered with. The texts are few, so they are made once.

use http::HeaderValue;
use portcullis_core::Denial;

use crate::{TokenError, TokenErrorKind};

/// The challenges of one bearer scheme (RFC 6750 §3).
#[derive(Debug, Clone)]
pub(super) struct Refusals {
    pub(super) plain: HeaderValue,
    described: Vec<(&'static str, HeaderValue)>,
}

/// One reason for each description that there is.
const REASONS: [TokenErrorKind; 5] = [
    TokenErrorKind::Expired,
    TokenErrorKind::NotYetValid,
    TokenErrorKind::Revoked,
    TokenErrorKind::Malformed,
    TokenErrorKind::BadSignature,
];

impl Refusals {
    /// `realm` holds visible ASCII, spaces, no `"` and no `\`; anything else in it is dropped.
    pub(super) fn new(realm: Option<&str>) -> Self {
        let realm = realm.map(|realm| {
            let fits = |c: &char| (*c == ' ' || c.is_ascii_graphic()) && !matches!(c, '"' | '\\');
            realm.chars().filter(fits).collect::<String>()
        });
        let start = realm.map(|realm| format!("Bearer realm=\"{realm}\""));
        let described = REASONS.into_iter().map(|reason| {
            let text = TokenError::from(reason).description();
            let start = start
                .as_ref()
                .map_or("Bearer ".to_owned(), |start| format!("{start}, "));
            (
                text,
                value(&format!(
                    "{start}error=\"invalid_token\", error_description=\"{text}\""
                )),
            )
        });
        Self {
            described: described.collect(),
            plain: value(start.as_deref().unwrap_or("Bearer")),
        }
    }

    /// 401 `invalid_token`, or 503 where the keys cannot be had.
    pub(super) fn denial(&self, error: TokenError) -> Denial {
        if error.kind() == TokenErrorKind::KeysUnavailable {
            return Denial::unavailable();
        }
        let description = error.description();
        let described = self.described.iter().find(|(text, _)| *text == description);
        let challenge = described.map_or(&self.plain, |(_, challenge)| challenge);
        Denial::invalid_credential("invalid_token")
            .with_detail(description)
            .with_challenge(challenge.clone())
    }
}

fn value(challenge: &str) -> HeaderValue {
    // Made of texts of ours and of a realm that was cleaned: it is always a header value.
    HeaderValue::from_str(challenge).unwrap_or(HeaderValue::from_static("Bearer"))
}
