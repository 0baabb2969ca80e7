//! The scheme: API keys as a way of saying who one is.

mod builder;
mod cause;
mod judge;
mod reading;
mod source;

use std::sync::Arc;

use http::HeaderValue;
use http::request::Parts;
use portcullis_core::{Attempt, Head, Presence, Scheme, SchemeName};

use self::cause::Cause;
use self::judge::{Judge, Question};
use self::reading::{Presented, Reading};
use crate::format::{KeyText, MAX_KEY_LENGTH, all};
use crate::{ApiKey, KeyDigest, KeyFormat, KeyIndex, observe};

/// The longest key of another system, in bytes.
const MAX_FOREIGN_LENGTH: usize = 1024;

/// The scheme `apikey`: requests that carry an API key.
///
/// A key is read from `Authorization: ApiKey <key>`, from `X-Api-Key: <key>`, and from `Authorization: Bearer <key>` if it
/// begins with one of the scheme's prefixes; other places only if asked for. Two of them in one request are refused (400
/// `multiple_credentials`).
///
/// What is not a key by its form or its checksum is refused without asking the store. It, an unknown key, a disabled one and
/// an expired one all get the same answer, 401 `invalid_api_key`; which of them it was stands in the log, by the key's id. A
/// store that does not answer is 503.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use portcullis_core::{AuthUser, AuthnLayer, SchemeName, require, scope};
/// use portcullis_key::{ApiKey, ApiKeys, KeyPrefix, KeyRecord, MemoryKeys};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let keys = MemoryKeys::new();
/// let key = ApiKey::generate(&KeyPrefix::default()).unwrap();
/// let alice = AuthUser::builder(SchemeName::API_KEY, "alice").roles(["user"]);
/// keys.insert(KeyRecord::for_key(&key, alice).with_scopes(Some("read".parse().unwrap())));
///
/// let service = ServiceBuilder::new()
///     .layer(AuthnLayer::new().scheme(ApiKeys::new(keys)))
///     .layer(require(scope("read")))
///     .service(service_fn(|_: Request<String>| async {
///         Ok::<_, std::convert::Infallible>(Response::new(String::from("notes")))
///     }));
///
/// let request = Request::builder().header("x-api-key", key.expose()).body(String::new()).unwrap();
/// assert_eq!(service.oneshot(request).await.unwrap().status(), StatusCode::OK);
/// # }
/// ```
///
/// Clones share the cache, so keep one to [`revoke`](Self::revoke) with; one that is configured further has its own.
#[derive(Debug, Clone)]
#[must_use]
pub struct ApiKeys {
    reading: Reading,
    only: Option<KeyFormat>,
    foreign: bool,
    challenge: HeaderValue,
    judge: Arc<Judge>,
}

/// A text that may be a key.
enum Plausible<'a> {
    Ours(KeyText<'a>),
    Foreign(&'a str),
}

impl ApiKeys {
    fn attempt(&self, head: Head<'_>) -> Attempt {
        match self.reading.presented(head) {
            Ok(None) => Attempt::Absent,
            Ok(Some(presented)) => self.judge(&presented),
            Err(denial) => Attempt::Ready(Err(denial)),
        }
    }

    /// Judges the text by its looks, which needs no store.
    fn plausible<'a>(&self, text: &'a str) -> Option<Plausible<'a>> {
        match KeyText::parse(text) {
            Some(key) if self.reading.knows(key.prefix()) => self
                .only
                .is_none_or(|only| only == key.layout().format)
                .then_some(Plausible::Ours(key)),
            _ => self.is_foreign(text).then_some(Plausible::Foreign(text)),
        }
    }

    /// What begins with a prefix of ours is held to our formats, so that a mistyped key never passes for a foreign one.
    fn is_foreign(&self, text: &str) -> bool {
        self.foreign
            && !text.is_empty()
            && all(text.as_bytes(), |byte| byte.is_ascii_graphic())
            && !self.reading.begins_with_prefix(text)
    }

    fn judge(&self, presented: &Presented<'_>) -> Attempt {
        if presented.text.len() > self.longest() {
            return Attempt::Ready(Err(Cause::Malformed.denial(None)));
        }
        let digest = KeyDigest::of(presented.text);
        // A remembered key had the form of one when it was put in, and the digest is of all its characters.
        if let Some(user) = self.judge.remembered(&digest) {
            observe::remembered();
            return Attempt::Ready(judge::within(
                user,
                presented.collection.map(|name| &**name),
            ));
        }
        match self.plausible(presented.text) {
            None => Attempt::Ready(Err(Cause::Malformed.denial(None))),
            Some(plausible) => {
                let question = self.question(&plausible, digest, presented);
                Attempt::Pending(Box::pin(Arc::clone(&self.judge).decide(question)))
            }
        }
    }

    /// Nothing longer is looked at, so that a long text costs no more than a short one.
    fn longest(&self) -> usize {
        match self.foreign {
            true => MAX_FOREIGN_LENGTH,
            false => MAX_KEY_LENGTH,
        }
    }

    fn question(
        &self,
        plausible: &Plausible<'_>,
        digest: KeyDigest,
        presented: &Presented<'_>,
    ) -> Question {
        let key_id = match plausible {
            Plausible::Ours(key) => key.key_id(),
            Plausible::Foreign(_) => None,
        };
        let to_key = || match *plausible {
            Plausible::Ours(key) => ApiKey::from_text(key),
            Plausible::Foreign(text) => ApiKey::foreign(text),
        };
        Question {
            index: KeyIndex::new(key_id, digest),
            key: self.judge.wants_key().then(to_key),
            collection: presented.collection.cloned(),
        }
    }
}

impl Scheme for ApiKeys {
    fn name(&self) -> SchemeName {
        SchemeName::API_KEY
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(self.challenge.clone())
    }

    fn presence(&self, request: &Parts) -> Presence {
        self.reading.presence(request.into())
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        self.attempt(request.into())
    }

    fn presence_of_head(&self, head: Head<'_>) -> Option<Presence> {
        Some(self.reading.presence(head))
    }

    fn authenticate_head(&self, head: Head<'_>) -> Option<Attempt> {
        Some(self.attempt(head))
    }
}
