//! Taking a key out of a request, without guessing.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use portcullis_core::{CredentialPlace, CredentialPlaces, Denial, Head, Presence};

use crate::KeyPrefix;
use crate::format::all;

pub(super) static X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) prefixes: Vec<KeyPrefix>,
    pub(super) places: CredentialPlaces,
    /// Collections whose keys may come as `<collection> API-Key <key>`.
    pub(super) collections: Vec<Arc<str>>,
}

/// What a client put where keys belong. It need not be a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Presented<'a> {
    /// Empty where it is not visible ASCII, for then it is no key.
    pub(super) text: &'a str,
    pub(super) collection: Option<&'a Arc<str>>,
}

/// What stands in the `Authorization` header.
enum Authorization<'a> {
    /// Nothing, or something that is none of our business.
    Nothing,
    /// A bearer token without a prefix of ours: another scheme's, and a second credential if there is a key besides.
    Bearer,
    Key(Presented<'a>, &'static str),
}

impl Reading {
    pub(super) fn knows(&self, prefix: &str) -> bool {
        self.prefixes.iter().any(|known| known.as_str() == prefix)
    }

    pub(super) fn begins_with_prefix(&self, text: &str) -> bool {
        self.prefixes.iter().any(|prefix| prefix.begins(text))
    }

    /// Takes the key out.
    ///
    /// # Errors
    ///
    /// 400 `multiple_credentials` where there is more than one explicit credential.
    pub(super) fn presented<'a>(
        &'a self,
        request: Head<'a>,
    ) -> Result<Option<Presented<'a>>, Denial> {
        let in_header = self.in_headers(request)?;
        let text = in_header.map(|presented| presented.text);
        let found = self.places.find(request, text)?;
        Ok(found.map(|text| Presented {
            text,
            collection: in_header.and_then(|presented| presented.collection),
        }))
    }

    fn in_headers<'a>(&'a self, request: Head<'a>) -> Result<Option<Presented<'a>>, Denial> {
        let authorization = self.authorization(request)?;
        let own_header = own_header(request.headers())?;
        match (authorization, own_header) {
            (Authorization::Nothing, header) => Ok(header),
            (Authorization::Key(presented, _), None) => Ok(Some(presented)),
            (Authorization::Bearer, None) if self.places.filled(request).is_none() => Ok(None),
            _ => Err(Denial::multiple_credentials()),
        }
    }

    /// How a request carries a key, by its looks: for the layer, which weighs it against other schemes.
    pub(super) fn presence(&self, request: Head<'_>) -> Presence {
        match self.explicit(request) {
            Some((text, place)) if self.is_surely_ours(text) => Presence::Unmistakable(place),
            Some((_, place)) => Presence::Explicit(place),
            None if self.places.has_cookie(request) => Presence::InTurn,
            None => Presence::Absent,
        }
    }

    fn explicit<'a>(&'a self, request: Head<'a>) -> Option<(&'a str, CredentialPlace)> {
        match self.authorization(request) {
            Ok(Authorization::Key(presented, scheme)) => {
                return Some((presented.text, CredentialPlace::Authorization(scheme)));
            }
            Err(_) => return Some(("", CredentialPlace::Authorization("ApiKey"))),
            Ok(_) => {}
        }
        match request.headers().get(&X_API_KEY) {
            Some(value) => Some((
                visible(value.as_bytes()),
                CredentialPlace::Header(X_API_KEY.clone()),
            )),
            None => self.places.filled(request).map(|place| ("", place)),
        }
    }

    /// The last underscore is where the prefix of a key ends: `sk_live_…` belongs to `sk_live`, even where `sk` is known.
    fn is_surely_ours(&self, text: &str) -> bool {
        text.rsplit_once('_')
            .is_some_and(|(prefix, _)| self.knows(prefix))
    }

    fn authorization<'a>(&'a self, request: Head<'a>) -> Result<Authorization<'a>, Denial> {
        Ok(match request.authorization_line()? {
            None => Authorization::Nothing,
            Some(line) => self.parse(line.as_bytes()),
        })
    }

    fn parse<'a>(&'a self, value: &'a [u8]) -> Authorization<'a> {
        let (scheme, rest) = first_word(value);
        if scheme.eq_ignore_ascii_case(b"ApiKey") {
            let text = visible(rest);
            return Authorization::Key(
                Presented {
                    text,
                    collection: None,
                },
                "ApiKey",
            );
        }
        if scheme.eq_ignore_ascii_case(b"Bearer") {
            let text = visible(rest);
            return match self.begins_with_prefix(text) {
                true => Authorization::Key(
                    Presented {
                        text,
                        collection: None,
                    },
                    "Bearer",
                ),
                false => Authorization::Bearer,
            };
        }
        self.collection_key(scheme, rest)
    }

    /// `<collection> API-Key <key>`.
    fn collection_key<'a>(&'a self, scheme: &[u8], rest: &'a [u8]) -> Authorization<'a> {
        let is_named = |name: &&Arc<str>| scheme.eq_ignore_ascii_case(name.as_bytes());
        let collection = self.collections.iter().find(is_named);
        match (collection, first_word(rest)) {
            (Some(name), (word, key)) if word.eq_ignore_ascii_case(b"API-Key") => {
                let presented = Presented {
                    text: visible(key),
                    collection: Some(name),
                };
                Authorization::Key(presented, "API-Key")
            }
            _ => Authorization::Nothing,
        }
    }
}

fn own_header(headers: &HeaderMap) -> Result<Option<Presented<'_>>, Denial> {
    let mut values = headers.get_all(&X_API_KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Ok(Some(Presented {
            text: visible(value.as_bytes()),
            collection: None,
        })),
        (Some(_), Some(_)) => Err(Denial::multiple_credentials()),
    }
}

/// The bytes before the first space, and those after the spaces that follow (RFC 9110 §11.6.2).
fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b' ') {
        Some(end) => (&text[..end], text[end..].trim_ascii_start()),
        None => (text, &[]),
    }
}

/// The text, if every character of it is visible ASCII; else an empty one, which is no key.
fn visible(bytes: &[u8]) -> &str {
    match all(bytes, |byte| byte.is_ascii_graphic()) {
        true => std::str::from_utf8(bytes).unwrap_or_default(),
        false => "",
    }
}
