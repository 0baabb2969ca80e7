use http::HeaderValue;
use http::StatusCode;
use http::request::Parts;
use portcullis_core::{
    Attempt, CredentialPlace, CredentialPlaces, Denial, Head, Presence, Scheme, SchemeName,
};

use super::refusal::Refusals;
use crate::{TokenError, TokenErrorKind, Verifier};

const HEADER: CredentialPlace = CredentialPlace::Authorization("Bearer");

/// The scheme `jwt`: a token in `Authorization: Bearer …` (RFC 6750 §2.1), and elsewhere if said.
///
/// - No bearer token: absent.
/// - A token that is not accepted, or not even one: 401 `invalid_token`. The exact reason goes to the log.
/// - Two places that each hold one: 400.
/// - The keys cannot be fetched, and none were ever: 503.
///
/// It decides at once wherever the token's key is known; only for an unknown one does it wait for the keys to be fetched.
///
/// ```
/// use portcullis_core::AuthnLayer;
/// use portcullis_jwt::{Bearer, HmacKey, Verifier, VerifyingKey};
///
/// let verifier = Verifier::for_key(VerifyingKey::hs256(&HmacKey::generate().unwrap())).build();
/// let layer = AuthnLayer::new().scheme(Bearer::new(verifier).realm("notes").with_cookie("token"));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Bearer {
    verifier: Verifier,
    places: CredentialPlaces,
    refusals: Refusals,
    lenient: bool,
}

impl Bearer {
    /// A scheme that asks this verifier.
    pub fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            places: CredentialPlaces::new(),
            refusals: Refusals::new(None),
            lenient: false,
        }
    }

    /// Names the protected area in challenges (RFC 9110 §11.5).
    pub fn realm(mut self, realm: &str) -> Self {
        self.refusals = Refusals::new(Some(realm));
        self
    }

    /// Also reads the cookie of this name; any explicit credential wins over it.
    ///
    /// Browsers send cookies unasked, so state-changing requests then need a guard against forgery (`SameSite`, an `Origin`
    /// check).
    pub fn with_cookie(mut self, name: impl Into<Box<str>>) -> Self {
        self.places = self.places.with_cookie(name);
        self
    }

    /// Also reads `Sec-WebSocket-Protocol: <marker>, <token>`, the one header that browsers let a WebSocket set.
    pub fn with_websocket_protocol(mut self, marker: &'static str) -> Self {
        self.places = self.places.with_websocket_protocol(marker);
        self
    }

    /// Also reads a parameter of the query string (RFC 6750 §2.3).
    ///
    /// Insecure: URLs are written to logs, histories and `Referer` headers.
    pub fn with_insecure_query(mut self, name: &'static str) -> Self {
        self.places = self.places.with_insecure_query(name);
        self
    }

    /// Takes a token that is not accepted for no token at all: the caller is then nobody, or who the next scheme says.
    ///
    /// Insecure: a client whose token has expired is not told so, and a broken credential falls through to a weaker one. Two
    /// credentials in one request are still refused, and so are tokens that nobody can judge now (503).
    pub fn with_insecure_lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    fn presence_in(&self, head: Head<'_>) -> Presence {
        if HEADER.is_filled(head) {
            return Presence::Explicit(HEADER);
        }
        match self.places.filled(head) {
            Some(place) => Presence::Explicit(place),
            None if self.places.has_cookie(head) => Presence::InTurn,
            None => Presence::Absent,
        }
    }

    fn attempt(&self, head: Head<'_>) -> Attempt {
        match self.token(head) {
            Ok(None) => Attempt::Absent,
            Ok(Some(token)) => self.judge(token),
            Err(denial) => self.refused(denial),
        }
    }

    /// The token of a request, wherever it stands.
    fn token<'r>(&self, head: Head<'r>) -> Result<Option<&'r str>, Denial> {
        let in_header = head.authorization("Bearer");
        let in_header = in_header.map_err(|denial| match denial.status() {
            StatusCode::UNAUTHORIZED => self.refuse(TokenErrorKind::Malformed.into()),
            _ => denial,
        })?;
        self.places.find(head, in_header)
    }

    fn judge(&self, token: &str) -> Attempt {
        match self.verifier.verify(token) {
            Ok(user) => Attempt::Ready(Ok(user)),
            // What is no `b64token` is never accepted; asked only now, it costs good tokens nothing.
            Err(_) if !is_b64token(token) => {
                self.refused(self.refuse(TokenErrorKind::Malformed.into()))
            }
            Err(error) => self.judge_later(error, token),
        }
    }

    /// Waits for the keys where the token's own is missing and can be fetched; refuses otherwise.
    fn judge_later(&self, error: TokenError, token: &str) -> Attempt {
        let Some(refresh) = self.verifier.refresh_after(error, token) else {
            return self.refused(self.refuse(error));
        };
        let (scheme, token) = (self.clone(), token.to_owned());
        Attempt::Pending(Box::pin(async move {
            let verified = match refresh.await {
                Ok(()) => scheme.verifier.verify(&token),
                Err(_) => Err(TokenErrorKind::KeysUnavailable.into()),
            };
            match verified {
                Ok(user) => Ok(Some(user)),
                Err(error) => match scheme.refused(scheme.refuse(error)) {
                    Attempt::Ready(Err(denial)) => Err(denial),
                    _ => Ok(None),
                },
            }
        }))
    }

    fn refuse(&self, error: TokenError) -> Denial {
        tracing::info!(code = error.code(), "bearer token not accepted");
        self.refusals.denial(error)
    }

    fn refused(&self, denial: Denial) -> Attempt {
        match self.lenient && denial.status() == StatusCode::UNAUTHORIZED {
            true => Attempt::Absent,
            false => Attempt::Ready(Err(denial)),
        }
    }
}

/// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, RFC 6750 §2.1.
fn is_b64token(token: &str) -> bool {
    let name = token.trim_end_matches('=');
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

impl Scheme for Bearer {
    fn name(&self) -> SchemeName {
        SchemeName::JWT
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(self.refusals.plain.clone())
    }

    fn presence(&self, request: &Parts) -> Presence {
        self.presence_in(request.into())
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        self.attempt(request.into())
    }

    fn presence_of_head(&self, head: Head<'_>) -> Option<Presence> {
        Some(self.presence_in(head))
    }

    fn authenticate_head(&self, head: Head<'_>) -> Option<Attempt> {
        Some(self.attempt(head))
    }
}
