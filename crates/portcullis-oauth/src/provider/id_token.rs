//! What an ID token must say beyond what every token must (OpenID Connect Core §3.1.3.7).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::Timestamp;
use portcullis_jwt::{Algorithm, VerifiedToken};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::Provider;
use crate::metadata::Metadata;
use crate::secret::Secret;
use crate::{OauthError, OauthErrorKind, Pending, Profile, ProviderTokens};

type Claims = Map<String, Value>;

/// By how much clocks may disagree, as for the dates in the token itself.
const LEEWAY: Duration = Duration::from_secs(60);

impl Provider {
    /// The claims of the ID token, which must be there and belong to this login.
    pub(super) async fn id_token(
        &self,
        metadata: &Metadata,
        tokens: &ProviderTokens,
        pending: &Pending,
    ) -> Result<Claims, OauthError> {
        let text = tokens.id_token();
        let text = text.ok_or_else(|| OauthError::id_token("missing"))?;
        let token = self.verified(metadata, text, tokens).await?;
        let claims = token.claims();
        Profile::new(token.subject().unwrap_or_default()).checked()?;
        check_nonce(claims, pending.nonce())?;
        if let Some(max_age) = pending.max_age() {
            check_age(claims, max_age, self.inner.clock.now())?;
        }
        self.check_hosted_domain(claims)?;
        Ok(token.into_claims())
    }

    /// When the user logged in there, as an ID token's claims say.
    pub(super) fn authenticated_at(&self, claims: &Claims) -> Option<Timestamp> {
        authentication(claims, self.inner.clock.now())
    }

    /// The rules that hold for any ID token of this provider.
    async fn verified(
        &self,
        metadata: &Metadata,
        text: &str,
        tokens: &ProviderTokens,
    ) -> Result<VerifiedToken<Claims>, OauthError> {
        let verifier = metadata.verifier.as_ref();
        let verifier = verifier.ok_or(OauthErrorKind::InvalidResponse)?;
        let token = verifier.decode_fetching::<Claims>(text).await?;
        if token.issued_at().is_none() {
            return Err(OauthError::id_token("missing_claim"));
        }
        check_authorized_party(token.claims(), &self.inner.client_id)?;
        check_access_token(token.claims(), token.algorithm(), tokens.access_token())?;
        Ok(token)
    }

    pub(super) async fn check_refreshed(
        &self,
        metadata: &Metadata,
        tokens: &ProviderTokens,
    ) -> Result<(), OauthError> {
        match tokens.id_token().filter(|_| metadata.verifier.is_some()) {
            Some(text) => self.verified(metadata, text, tokens).await.map(drop),
            None => Ok(()),
        }
    }

    /// Google's `hd`: an address at that domain proves nothing (`behaviour.md` 2.13).
    pub(super) fn check_hosted_domain(&self, claims: &Claims) -> Result<(), OauthError> {
        let wanted = self.inner.hosted_domain.as_deref();
        match wanted.is_none() || text(claims, "hd") == wanted {
            true => Ok(()),
            false => Err(OauthErrorKind::HostedDomainMismatch.into()),
        }
    }
}

fn text<'c>(claims: &'c Claims, name: &str) -> Option<&'c str> {
    claims.get(name).and_then(Value::as_str)
}

/// A login that has no nonce is none of an OpenID provider's.
fn check_nonce(claims: &Claims, nonce: Option<&Secret>) -> Result<(), OauthError> {
    let said = text(claims, "nonce");
    match nonce
        .zip(said)
        .is_some_and(|(nonce, said)| nonce.equals(said))
    {
        true => Ok(()),
        false => Err(OauthErrorKind::NonceMismatch.into()),
    }
}

/// Rules 3 to 5: a token for several audiences must say that it was issued to this one.
fn check_authorized_party(claims: &Claims, client_id: &str) -> Result<(), OauthError> {
    let is_for_several = claims
        .get("aud")
        .and_then(Value::as_array)
        .is_some_and(|audiences| audiences.len() > 1);
    let is_right = match claims.get("azp") {
        Some(party) => party.as_str() == Some(client_id),
        None => !is_for_several,
    };
    match is_right {
        true => Ok(()),
        false => Err(OauthError::id_token("wrong_authorized_party")),
    }
}

/// `at_hash` (§3.1.3.6), where it is there: the left half of the access token's hash.
fn check_access_token(
    claims: &Claims,
    algorithm: Algorithm,
    access_token: &str,
) -> Result<(), OauthError> {
    let Some(said) = claims.get("at_hash") else {
        return Ok(());
    };
    let hash = hash(algorithm, access_token.as_bytes());
    let half = URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2]);
    match said.as_str() == Some(&*half) {
        true => Ok(()),
        false => Err(OauthError::id_token("wrong_access_token")),
    }
}

/// That of the signature's algorithm; Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
fn hash(algorithm: Algorithm, text: &[u8]) -> Vec<u8> {
    match algorithm.as_str() {
        "RS384" | "PS384" | "ES384" => Sha384::digest(text).to_vec(),
        "RS512" | "PS512" | "EdDSA" => Sha512::digest(text).to_vec(),
        _ => Sha256::digest(text).to_vec(),
    }
}

/// `auth_time` (§2). It may be a float, as all dates in tokens; one of the future says nothing.
fn authentication(claims: &Claims, now: Timestamp) -> Option<Timestamp> {
    let at = claims.get("auth_time").and_then(Value::as_f64)?;
    let at = Timestamp::from_unix_seconds(at as i64);
    (at <= now.saturating_add(LEEWAY)).then_some(at)
}

/// It must be there where `max_age` was asked for (rule 13).
fn check_age(claims: &Claims, max_age: Duration, now: Timestamp) -> Result<(), OauthError> {
    let is_recent = |at: Timestamp| now < at.saturating_add(max_age).saturating_add(LEEWAY);
    match authentication(claims, now).is_some_and(is_recent) {
        true => Ok(()),
        false => Err(OauthErrorKind::AuthTooOld.into()),
    }
}
