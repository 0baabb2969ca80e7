use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use portcullis_core::{AuthUser, SharedClock, Timestamp};
use serde::de::DeserializeOwned;

use super::builder::VerifierBuilder;
use super::claims::Claims;
use super::mapping::Mapping;
use super::open::{Opened, kid, open};
use super::rules::{Rules, Validity};
use super::token::VerifiedToken;
use crate::cache::{Entry, TokenCache};
use crate::{KeySource, Purpose, Revocations, TokenError, TokenErrorKind, VerifyingKey, observe};

/// Verifies tokens: signature first, then what the claims say, then whether the token was taken back.
///
/// To clone it costs a reference count. It does not wait for anything; only [`verify_fetching`](Self::verify_fetching) does.
///
/// ```
/// use portcullis_jwt::{Grant, HmacKey, Issuer, SigningKey, TokenErrorKind, Verifier};
///
/// let key = SigningKey::hs256(&HmacKey::generate().unwrap());
/// let issuer = Issuer::new(key.clone()).issuer("https://id.example").audience("notes");
/// let verifier = Verifier::for_key(key.verifying_key().clone())
///     .issuer("https://id.example")
///     .audience("notes")
///     .build();
///
/// let token = issuer.issue(&Grant::access("alice")).unwrap();
/// let user = verifier.verify(token.as_str()).unwrap();
/// assert_eq!(user.id(), "alice");
///
/// let other = Verifier::for_key(key.verifying_key().clone()).audience("photos").build();
/// assert_eq!(other.verify(token.as_str()).unwrap_err().kind(), TokenErrorKind::WrongAudience);
/// ```
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

/// All that a verifier was told.
pub(super) struct Inner {
    pub(super) keys: Arc<dyn KeySource>,
    pub(super) rules: Rules,
    pub(super) mapping: Mapping,
    pub(super) revocations: Option<Revocations>,
    pub(super) clock: SharedClock,
    pub(super) cache: Option<TokenCache>,
    pub(super) caches_symmetric: bool,
}

impl Verifier {
    /// Starts a verifier for the keys of a set, a ring, or a URL.
    pub fn builder(keys: impl KeySource) -> VerifierBuilder {
        VerifierBuilder::new(Arc::new(keys))
    }

    /// Starts a verifier for one fixed key.
    pub fn for_key(key: VerifyingKey) -> VerifierBuilder {
        Self::builder(crate::KeySet::from(key))
    }

    pub(super) fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Verifies a token and says whose it is.
    ///
    /// # Errors
    ///
    /// If the token is not accepted; [`TokenError::code`] says why. A token without `sub` is no user's.
    pub fn verify(&self, token: &str) -> Result<AuthUser, TokenError> {
        let now = self.inner.clock.now();
        let epoch = self.inner.keys.epoch();
        let result = match self.cached(token, epoch, now) {
            Some(result) => result,
            None => self.verify_anew(token, epoch, now),
        };
        observe::verified(result.as_ref().err());
        result
    }

    /// As [`verify`](Self::verify), but where the token's key is not there, waits for it to be fetched, if the keys come from a
    /// source that can.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), and [`TokenErrorKind::KeysUnavailable`].
    pub async fn verify_fetching(&self, token: &str) -> Result<AuthUser, TokenError> {
        match self.verify(token) {
            Err(error) => match self.refresh_after(error, token) {
                Some(refresh) => {
                    refresh.await.map_err(|_| TokenErrorKind::KeysUnavailable)?;
                    self.verify(token)
                }
                None => Err(error),
            },
            verified => verified,
        }
    }

    /// Verifies a token of any content and decodes its claims: for tokens that are not a user's, or that are used once.
    ///
    /// It is never taken from the cache.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), but `sub` may be missing; [`TokenErrorKind::Malformed`] if the claims do not have the form of
    /// `T`.
    pub fn decode<T: DeserializeOwned>(&self, token: &str) -> Result<VerifiedToken<T>, TokenError> {
        let result = self.decode_at(token, self.inner.clock.now());
        observe::verified(result.as_ref().err());
        result
    }

    /// As [`decode`](Self::decode), but where the token's key is not there, waits for it to be fetched, if the keys come from a
    /// source that can.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode), and [`TokenErrorKind::KeysUnavailable`].
    pub async fn decode_fetching<T: DeserializeOwned>(
        &self,
        token: &str,
    ) -> Result<VerifiedToken<T>, TokenError> {
        match self.decode(token) {
            Err(error) => match self.refresh_after(error, token) {
                Some(refresh) => {
                    refresh.await.map_err(|_| TokenErrorKind::KeysUnavailable)?;
                    self.decode(token)
                }
                None => Err(error),
            },
            Ok(decoded) => Ok(decoded),
        }
    }

    fn decode_at<T: DeserializeOwned>(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<VerifiedToken<T>, TokenError> {
        let opened = open(token.as_bytes(), &self.inner.keys.current(), now)?;
        let mut claims = Claims::default();
        claims.parse(&opened.claims, &self.inner.mapping)?;
        self.check(&claims, &opened, now)?;
        if let Some(revocations) = &self.inner.revocations {
            let collection = self.inner.mapping.collection_of(&claims)?;
            let revoked = revocations.revokes(
                claims.jti.as_deref(),
                claims.sid.as_deref(),
                claims.sub.as_deref().map(|id| (&*collection, id)),
                claims.iat,
            );
            revoked
                .then_some(())
                .map_or(Ok(()), |()| Err(TokenErrorKind::Revoked))?;
        }
        let own = serde_json::from_slice(&opened.claims).map_err(|_| TokenErrorKind::Malformed)?;
        Ok(VerifiedToken::new(&claims, opened.algorithm, own))
    }

    /// Looks the token up among those that were verified. All that may have changed since is checked again.
    fn cached(
        &self,
        token: &str,
        epoch: u64,
        now: Timestamp,
    ) -> Option<Result<AuthUser, TokenError>> {
        let cache = self
            .inner
            .cache
            .as_ref()
            .filter(|cache| !cache.is_empty())?;
        let result = cache.get(token, epoch, now, |entry| {
            entry.validity().check(now)?;
            self.check_revoked(entry.user(), entry.issued_at())?;
            Ok(entry.user().clone())
        });
        observe::looked_up(result.is_some());
        result
    }

    fn verify_anew(&self, token: &str, epoch: u64, now: Timestamp) -> Result<AuthUser, TokenError> {
        let opened = open(token.as_bytes(), &self.inner.keys.current(), now)?;
        let mut claims = Claims::default();
        claims.parse(&opened.claims, &self.inner.mapping)?;
        let validity = self.check(&claims, &opened, now)?;
        let issued_at = claims.iat;
        let builder = self.inner.mapping.user(&claims)?;
        drop(claims);
        let is_symmetric = opened.algorithm.is_symmetric();
        let user = builder.claims(Bytes::from(opened.claims)).build();
        self.check_revoked(&user, issued_at)?;
        if let Some(cache) = self.cache_for(is_symmetric) {
            cache.insert(Entry::new(token, &user, validity, issued_at, epoch, now));
        }
        Ok(user)
    }

    fn check(
        &self,
        claims: &Claims<'_>,
        opened: &Opened,
        now: Timestamp,
    ) -> Result<Validity, TokenError> {
        self.inner.rules.check_algorithm(opened.algorithm)?;
        let mut validity = self.inner.rules.check(claims, opened.media_type, now)?;
        if let Some(until) = opened.key_until {
            validity.until = validity.until.min(until);
        }
        Ok(validity)
    }

    fn check_revoked(
        &self,
        user: &AuthUser,
        issued_at: Option<Timestamp>,
    ) -> Result<(), TokenError> {
        let revoked = self.inner.revocations.as_ref().is_some_and(|revocations| {
            let user_id = Some((user.collection(), user.id()));
            revocations.revokes(user.credential_id(), user.session_id(), user_id, issued_at)
        });
        match revoked {
            true => Err(TokenErrorKind::Revoked.into()),
            false => Ok(()),
        }
    }

    /// Tokens that are used once are never kept.
    fn cache_for(&self, is_symmetric: bool) -> Option<&TokenCache> {
        let inner = &self.inner;
        let wanted =
            inner.rules.purpose == Purpose::Access && (!is_symmetric || inner.caches_symmetric);
        inner.cache.as_ref().filter(|_| wanted)
    }

    /// What to wait for before a token is refused for want of its key.
    pub(crate) fn refresh_after(
        &self,
        error: TokenError,
        token: &str,
    ) -> Option<portcullis_core::BoxFuture<'static, Result<(), crate::KeysUnavailable>>> {
        match error.kind() {
            TokenErrorKind::UnknownKey => {
                let kid = kid(token.as_bytes());
                self.inner.keys.refresh_for_unknown_kid(kid.as_deref())
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.inner.keys)
            .field("issuers", &self.inner.rules.issuers)
            .field("audiences", &self.inner.mapping.audiences)
            .field("purpose", &self.inner.rules.purpose)
            .finish_non_exhaustive()
    }
}
