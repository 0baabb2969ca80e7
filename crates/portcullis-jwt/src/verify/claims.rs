//! The claims of a token, read once, from the first byte to the last.

use std::fmt;

use portcullis_core::{Scopes, Timestamp};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::json::{Anything, Flag, Members, Names, NumericDate, Text};
use super::mapping::Mapping;
use super::pick::{Pick, Picked};
use crate::{TokenError, TokenErrorKind};

/// What a verifier reads of the claims itself (RFC 7519 §4.1, RFC 8693 §4.2, OpenID Connect Core §2 and §5.1).
#[derive(Debug, Default)]
pub(crate) struct Claims<'de> {
    pub(crate) exp: Option<Timestamp>,
    pub(crate) nbf: Option<Timestamp>,
    pub(crate) iat: Option<Timestamp>,
    pub(crate) auth_time: Option<Timestamp>,
    pub(crate) iss: Option<Text<'de>>,
    pub(crate) sub: Option<Text<'de>>,
    pub(crate) jti: Option<Text<'de>>,
    pub(crate) sid: Option<Text<'de>>,
    pub(crate) token_use: Option<Text<'de>>,
    /// Not the `typ` of the header: Keycloak's word for the purpose of a token.
    pub(crate) kind: Option<Text<'de>>,
    pub(crate) email: Option<Text<'de>>,
    pub(crate) email_verified: bool,
    pub(crate) audience: Audience,
    pub(crate) amr: Names<'de>,
    pub(crate) picked: Picked<'de>,
    /// `at_hash` or `c_hash`, which only ID tokens have.
    pub(crate) has_id_token_hash: bool,
    scope: Option<Names<'de>>,
    scp: Option<Names<'de>>,
    scopes: Option<Names<'de>>,
}

/// Whether one of the accepted audiences is among those of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Audience {
    #[default]
    Absent,
    Accepted,
    Others,
}

impl<'de> Claims<'de> {
    /// Fills itself in, for it is too large to be handed from one function to the next.
    pub(crate) fn parse(&mut self, json: &'de [u8], mapping: &Mapping) -> Result<(), TokenError> {
        // Once for all is cheaper than for each text by itself.
        let json = std::str::from_utf8(json).map_err(|_| TokenErrorKind::Malformed)?;
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let visitor = ClaimsVisitor {
            claims: self,
            mapping,
        };
        let read = visitor.deserialize(&mut deserializer);
        read.and_then(|()| deserializer.end())
            .map_err(|_| TokenErrorKind::Malformed.into())
    }

    /// `scope`, or else `scp`, or else `scopes`. `None` where the token is not restricted.
    pub(crate) fn scopes(&self) -> Result<Option<Scopes>, TokenError> {
        let names = [&self.scope, &self.scp, &self.scopes];
        names
            .into_iter()
            .find_map(Option::as_ref)
            .map(|names| match names {
                Names::Text(text) => text.parse(),
                Names::List(list) => Scopes::new(list.iter().map(|name| &**name)),
            })
            .transpose()
            .map_err(|_| TokenErrorKind::Malformed.into())
    }

    /// Reads one claim; `false` for one that is not ours to read.
    fn read<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
        mapping: &Mapping,
    ) -> Result<bool, A::Error> {
        let date = |map: &mut A| map.next_value().map(|NumericDate(date)| date);
        match name {
            "exp" => once(&mut self.exp, date(map)?)?,
            "nbf" => once(&mut self.nbf, date(map)?)?,
            "iat" => once(&mut self.iat, date(map)?)?,
            "auth_time" => once(&mut self.auth_time, date(map)?)?,
            "iss" => once(&mut self.iss, map.next_value()?)?,
            "sub" => once(&mut self.sub, map.next_value()?)?,
            "jti" => once(&mut self.jti, map.next_value()?)?,
            "sid" => once(&mut self.sid, map.next_value()?)?,
            "token_use" => once(&mut self.token_use, map.next_value()?)?,
            "scope" => once(&mut self.scope, map.next_value()?)?,
            "scp" => once(&mut self.scp, map.next_value()?)?,
            "scopes" => once(&mut self.scopes, map.next_value()?)?,
            "aud" => {
                let audience = map.next_value_seed(AudienceVisitor {
                    accepted: &mapping.audiences,
                })?;
                let before = std::mem::replace(&mut self.audience, audience);
                (before == Audience::Absent)
                    .then_some(())
                    .ok_or_else(twice)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Reads one of the claims that say something about the user and may be `null`; `false` for all others.
    fn read_profile<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<bool, A::Error> {
        match name {
            "email" => self.email = map.next_value()?,
            "email_verified" => self.email_verified = map.next_value::<Flag>()?.0,
            "amr" => self.amr = map.next_value::<Option<_>>()?.unwrap_or_default(),
            "typ" => self.kind = map.next_value()?,
            "at_hash" | "c_hash" => {
                self.has_id_token_hash = true;
                map.next_value_seed(Anything)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn once<T, E: Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(twice()),
    }
}

fn twice<E: Error>() -> E {
    E::custom("a claim is there twice")
}

/// Fills in the claims in their place.
struct ClaimsVisitor<'c, 'de> {
    claims: &'c mut Claims<'de>,
    mapping: &'c Mapping,
}

impl<'de> DeserializeSeed<'de> for ClaimsVisitor<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ClaimsVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the claims of a token")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let claims = self.claims;
        let mut members = Members::default();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            if claims.read(&name, &mut map, self.mapping)? {
                continue;
            }
            if !claims.read_profile(&name, &mut map)? {
                let pick = Pick::start(&self.mapping.paths, &name, &mut claims.picked);
                map.next_value_seed(pick)?;
            }
            members.push(name);
        }
        members.check()
    }
}

/// Compares the audience, a text or a list of texts, with those that are accepted (RFC 7519 §4.1.3).
struct AudienceVisitor<'m> {
    accepted: &'m [Box<str>],
}

impl AudienceVisitor<'_> {
    fn judge(&self, audience: &str) -> Audience {
        match self.accepted.iter().any(|accepted| **accepted == *audience) {
            true => Audience::Accepted,
            false => Audience::Others,
        }
    }
}

impl<'de> DeserializeSeed<'de> for AudienceVisitor<'_> {
    type Value = Audience;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Audience, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AudienceVisitor<'_> {
    type Value = Audience;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an audience or a list of audiences")
    }

    fn visit_str<E: Error>(self, audience: &str) -> Result<Audience, E> {
        Ok(self.judge(audience))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Audience, A::Error> {
        let mut all = Audience::Others;
        while let Some(audience) = sequence.next_element::<Text<'de>>()? {
            if self.judge(&audience) == Audience::Accepted {
                all = Audience::Accepted;
            }
        }
        Ok(all)
    }
}
