//! Which providers people may log in with: of each an id and a secret, as it gave them to this application.

use super::Stop;
use super::environment::variable;

/// A provider that is offered. It has no `Debug`: one member is a secret.
pub(crate) struct ProviderSettings {
    pub(crate) kind: ProviderKind,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// Where it is, if not where everybody knows it to be. Of OpenID Connect, the issuer.
    pub(crate) url: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProviderKind {
    Google,
    Github,
    Discord,
    Oidc,
}

impl ProviderSettings {
    /// As it stands in paths.
    pub(crate) const fn name(&self) -> &'static str {
        match self.kind {
            ProviderKind::Google => "google",
            ProviderKind::Github => "github",
            ProviderKind::Discord => "discord",
            ProviderKind::Oidc => "oidc",
        }
    }
}

impl ProviderKind {
    const ALL: [Self; 4] = [Self::Google, Self::Github, Self::Discord, Self::Oidc];

    /// Of its id, its secret and its place.
    pub(crate) const fn variables(self) -> [&'static str; 3] {
        match self {
            Self::Google => ["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "GOOGLE_ISSUER"],
            Self::Github => ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", "GITHUB_URL"],
            Self::Discord => ["DISCORD_CLIENT_ID", "DISCORD_CLIENT_SECRET", "DISCORD_URL"],
            Self::Oidc => ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_ISSUER"],
        }
    }

    /// The variable that says where it is.
    pub(crate) const fn place(self) -> &'static str {
        self.variables()[2]
    }

    fn needs(self, name: &str) -> bool {
        self == Self::Oidc || name != self.place()
    }
}

pub(super) fn providers() -> Result<Vec<ProviderSettings>, Stop> {
    let all = ProviderKind::ALL.into_iter().map(provider);
    all.filter_map(Result::transpose).collect()
}

fn provider(kind: ProviderKind) -> Result<Option<ProviderSettings>, Stop> {
    let [id, secret, place] = kind.variables();
    let (client_id, client_secret, url) = (variable(id)?, variable(secret)?, variable(place)?);
    let are_set = [client_id.is_some(), client_secret.is_some(), url.is_some()];
    match (client_id, client_secret) {
        (Some(client_id), Some(client_secret)) if url.is_some() || !kind.needs(place) => {
            Ok(Some(ProviderSettings {
                kind,
                client_id,
                client_secret,
                url,
            }))
        }
        _ => incomplete(kind, are_set),
    }
}

/// Nothing, where nothing is set.
fn incomplete(kind: ProviderKind, are_set: [bool; 3]) -> Result<Option<ProviderSettings>, Stop> {
    let variables = || kind.variables().into_iter().zip(are_set);
    let set = variables().find(|(_, is_set)| *is_set);
    let missing = variables().find(|(name, is_set)| !is_set && kind.needs(name));
    match (set, missing) {
        (Some((set, _)), Some((missing, _))) => {
            Err(Stop::Wrong(format!("{set} is set, but {missing} is not")))
        }
        _ => Ok(None),
    }
}
