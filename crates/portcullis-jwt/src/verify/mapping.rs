//! How claims become a user.

use std::borrow::Cow;

use portcullis_core::{AuthUser, AuthUserBuilder, RoleMap, SchemeName, ScopeMap};

use super::claims::Claims;
use super::path::ClaimPath;
use super::pick::{Paths, Target};
use crate::{TokenError, TokenErrorKind};

/// What a verifier was told about claims.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) audiences: Vec<Box<str>>,
    pub(crate) paths: Vec<(ClaimPath, Target)>,
    pub(crate) collection: Cow<'static, str>,
    pub(crate) role_map: RoleMap,
    pub(crate) scope_map: Option<ScopeMap>,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            audiences: Vec::new(),
            paths: Vec::new(),
            collection: Cow::Borrowed("users"),
            role_map: RoleMap::default(),
            scope_map: None,
        }
    }
}

impl Mapping {
    pub(crate) fn pick(&mut self, path: ClaimPath, target: Target) {
        self.paths.retain(|(_, other)| *other != target);
        self.paths.push((path, target));
    }

    /// Makes the user of checked claims; the claims themselves are for the caller to add.
    pub(crate) fn user(&self, claims: &Claims<'_>) -> Result<AuthUserBuilder, TokenError> {
        let id = claims.sub.as_deref().filter(|sub| !sub.is_empty());
        let id = id.ok_or(TokenErrorKind::MissingClaim)?;
        let mut user = AuthUser::builder(SchemeName::JWT, id)
            .collection(self.collection_of(claims)?)
            .role_map(self.role_map.clone());
        if let Some(jti) = &claims.jti {
            user = user.credential_id(&**jti);
        }
        if let Some(sid) = &claims.sid {
            user = user.session_id(&**sid);
        }
        if let Some(email) = &claims.email {
            user = user.email(&**email, claims.email_verified);
        }
        if let Some(at) = claims.auth_time {
            user = user.authenticated_at(at);
        }
        if let Some(at) = claims.exp {
            user = user.expires_at(at);
        }
        if !claims.amr.is_empty() {
            user = user.amr(claims.amr.iter());
        }
        if !claims.picked.roles.is_empty() {
            user = user.roles(claims.picked.roles.iter());
        }
        if !claims.picked.permissions.is_empty() {
            user = user.permissions(claims.picked.permissions.iter());
        }
        if let Some(scopes) = claims.scopes()? {
            user = user.scopes(Some(scopes));
            if let Some(map) = &self.scope_map {
                user = user.scope_map(map);
            }
        }
        Ok(user)
    }

    /// The collection that the claim names, where a claim was configured; a token without it is of no collection.
    pub(crate) fn collection_of(
        &self,
        claims: &Claims<'_>,
    ) -> Result<Cow<'static, str>, TokenError> {
        match self.has(Target::Collection) {
            false => Ok(self.collection.clone()),
            true => {
                let names = claims.picked.collection.as_ref();
                let name = names.and_then(|names| names.iter().next());
                let name = name.ok_or(TokenErrorKind::MissingClaim)?;
                Ok(Cow::Owned(name.to_owned()))
            }
        }
    }

    fn has(&self, target: Target) -> bool {
        let paths: &Paths = &self.paths;
        paths.iter().any(|(_, other)| *other == target)
    }
}
