use std::collections::BTreeSet;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri};
use portcullis_core::{Attempt, Denial, Head, Presence, Scheme, SchemeName};

use crate::http::ignores_credentials;

/// A scheme whose broken credentials are nobody's where the accounts' own endpoints do not ask who is calling: logging out, or
/// exchanging a refresh token, works also with an access token that has expired. Everywhere else a broken credential is refused.
#[derive(Debug, Clone)]
pub(crate) struct Door<S> {
    scheme: S,
    collections: Arc<BTreeSet<String>>,
}

impl<S: Scheme> Door<S> {
    pub(crate) fn new(scheme: S, collections: Arc<BTreeSet<String>>) -> Self {
        Self {
            scheme,
            collections,
        }
    }

    fn is_open(&self, method: &Method, uri: &Uri) -> bool {
        ignores_credentials(method, uri.path(), |name| self.collections.contains(name))
    }

    /// What the scheme said, unless the credential is broken and nobody minds.
    fn soften(&self, attempt: Attempt, method: &Method, uri: &Uri) -> Attempt {
        match attempt {
            Attempt::Ready(Err(denial)) if is_broken(&denial) && self.is_open(method, uri) => {
                Attempt::Absent
            }
            Attempt::Pending(answer) if self.is_open(method, uri) => {
                Attempt::Pending(Box::pin(async move {
                    match answer.await {
                        Err(denial) if is_broken(&denial) => Ok(None),
                        other => other,
                    }
                }))
            }
            other => other,
        }
    }
}

fn is_broken(denial: &Denial) -> bool {
    denial.status() == StatusCode::UNAUTHORIZED
}

impl<S: Scheme> Scheme for Door<S> {
    fn name(&self) -> SchemeName {
        self.scheme.name()
    }

    fn challenge(&self) -> Option<HeaderValue> {
        self.scheme.challenge()
    }

    fn presence(&self, request: &Parts) -> Presence {
        self.scheme.presence(request)
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        self.soften(
            self.scheme.authenticate(request),
            &request.method,
            &request.uri,
        )
    }

    fn presence_of_head(&self, head: Head<'_>) -> Option<Presence> {
        self.scheme.presence_of_head(head)
    }

    fn authenticate_head(&self, head: Head<'_>) -> Option<Attempt> {
        let attempt = self.scheme.authenticate_head(head)?;
        Some(self.soften(attempt, head.method(), head.uri()))
    }
}
