//! What an application decides of logging in by providers.

mod linking;
mod redirects;
mod sign_up;

use std::collections::BTreeSet;

use portcullis_oauth::Provider;

pub use self::linking::Linking;
pub(crate) use self::redirects::{Redirects, with_parameter};
pub(crate) use self::sign_up::SignUpProfile;
use crate::users::Mode;

/// As it was said, before it is put together.
#[derive(Default)]
pub(crate) struct OauthSettings {
    pub(crate) providers: Vec<Provider>,
    pub(crate) callback_base: Option<String>,
    pub(crate) redirects: Vec<String>,
    pub(crate) linking: Linking,
    pub(crate) keeps_tokens: bool,
    pub(crate) modes: Option<Vec<Mode>>,
    pub(crate) fresh_by: BTreeSet<String>,
}

/// As the flows use it.
pub(crate) struct Oauth {
    providers: Vec<Provider>,
    callback_base: String,
    pub(crate) redirects: Redirects,
    pub(crate) linking: Linking,
    pub(crate) keeps_tokens: bool,
    modes: Vec<Mode>,
    fresh_by: BTreeSet<String>,
}

impl OauthSettings {
    /// Puts it together, for an application whose pages are under `base_url` and whose logins give what `mode` says.
    ///
    /// # Errors
    ///
    /// What is wrong, in one line.
    pub(crate) fn assemble(self, base_url: &str, mode: Mode) -> Result<Oauth, String> {
        self.check_providers()?;
        let modes = self.checked_modes(mode)?;
        let callback_base = self
            .callback_base
            .unwrap_or_else(|| format!("{base_url}/api"));
        if !self.providers.is_empty() && !is_callback_base(&callback_base) {
            return Err("oauth_callback_base is an https URL (http on loopback) without a query, such as https://app.example/api".to_owned());
        }
        let own = [base_url.to_owned()];
        let places = if self.redirects.is_empty() {
            &own[..]
        } else {
            &self.redirects[..]
        };
        let redirects = Redirects::new(places.iter().map(String::as_str)).map_err(|place| {
            format!("allow_redirects_to takes http or https URLs without a query, not {place:?}")
        })?;
        Ok(Oauth {
            providers: self.providers,
            callback_base: callback_base.trim_end_matches('/').to_owned(),
            redirects,
            linking: self.linking,
            keeps_tokens: self.keeps_tokens,
            modes,
            fresh_by: self.fresh_by,
        })
    }

    /// Where logins give cookies, a link on somebody else's page must not have tokens made.
    fn checked_modes(&self, mode: Mode) -> Result<Vec<Mode>, String> {
        match (&self.modes, mode) {
            (Some(modes), _) if modes.is_empty() => {
                Err("oauth_modes takes at least one mode".to_owned())
            }
            (Some(modes), _) => Ok(modes.clone()),
            (None, Mode::Cookie) => Ok(vec![Mode::Cookie]),
            (None, Mode::Token) => Ok(vec![Mode::Token, Mode::Cookie]),
        }
    }

    /// Each has a name of its own, and whoever is trusted is there.
    fn check_providers(&self) -> Result<(), String> {
        self.check_twins()?;
        let is_there = |name: &str| self.providers.iter().any(|found| found.name() == name);
        let unknown = self.fresh_by.iter().find(|name| !is_there(name));
        unknown.map_or(Ok(()), |name| {
            Err(format!(
                "with_insecure_fresh_logins_by names a provider that there is not: {name:?}"
            ))
        })
    }

    /// Each is told by its name in paths, and by its issuer in what is kept: two with one issuer could speak for each other's
    /// users (ASVS 6.8.1).
    fn check_twins(&self) -> Result<(), String> {
        for (position, provider) in self.providers.iter().enumerate() {
            let mut others = self.providers[..position].iter();
            let twin = others.find(|other| {
                other.name() == provider.name() || other.issuer() == provider.issuer()
            });
            if let Some(twin) = twin {
                let (one, other) = (twin.name(), provider.name());
                return Err(format!(
                    "the providers {one:?} and {other:?} have one name or one issuer"
                ));
            }
        }
        Ok(())
    }
}

impl Oauth {
    /// The provider with this name.
    pub(crate) fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers
            .iter()
            .find(|provider| provider.name() == name)
    }

    /// What a login may give: what was asked for, or else `mode` where that is allowed, or else what is.
    pub(crate) fn mode(&self, asked: Option<Mode>, mode: Mode) -> Option<Mode> {
        let is_allowed = |mode: &Mode| self.modes.contains(mode);
        match asked {
            Some(asked) => Some(asked).filter(is_allowed),
            None => Some(mode)
                .filter(is_allowed)
                .or(self.modes.first().copied()),
        }
    }

    /// Whether the word of this provider counts as a proof of this moment, whatever it says of when it was.
    pub(crate) fn is_fresh_by(&self, provider: &Provider) -> bool {
        self.fresh_by.contains(provider.name())
    }

    /// Where a provider sends people back to: a path of its own for each (RFC 9700 §4.4.2.2, v5.0.0-10.2.2).
    pub(crate) fn callback_uri(&self, collection: &str, provider: &Provider) -> String {
        let (base, name) = (&self.callback_base, provider.name());
        format!("{base}/{collection}/oauth/{name}/callback")
    }
}

/// What comes back holds a code, so it does not go over a network in the clear.
fn is_callback_base(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else {
        return false;
    };
    let is_loopback = |host: &str| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    };
    let is_safe = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => uri.host().is_some_and(is_loopback),
        _ => false,
    };
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\\@#".contains(&byte));
    is_safe && is_plain && uri.query().is_none()
}
