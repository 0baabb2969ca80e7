//! Providers to log in with, and a server that offers them.
#![allow(dead_code, reason = "not every test uses all of it")]

use portcullis_testkit::oauth::{
    Client as Registered, OidcPerson, OidcProvider, OidcSettings, StandIn,
};
use tokio::runtime::Runtime;

use crate::client::Client;

pub(crate) const ID: &str = "an-application";
pub(crate) const SECRET: &str = "a secret of an application, of no use elsewhere";

/// They run beside the test.
pub(crate) struct Providers {
    runtime: Runtime,
    pub(crate) github: StandIn,
    pub(crate) discord: StandIn,
    pub(crate) oidc: OidcProvider,
}

impl Providers {
    /// Nothing, and a line that says why, where node or its packages are missing.
    pub(crate) fn start() -> Option<Self> {
        let runtime = Runtime::new().unwrap();
        let registered = || Registered::new(ID, SECRET);
        let github = runtime.block_on(StandIn::github(registered())).unwrap();
        let discord = runtime.block_on(StandIn::discord(registered())).unwrap();
        let oidc = runtime.block_on(OidcProvider::start(OidcSettings::new(registered())))?;
        Some(Self {
            runtime,
            github,
            discord,
            oidc,
        })
    }

    /// One more of OpenID Connect, otherwise set up.
    pub(crate) fn another(&self, how: impl FnOnce(OidcSettings) -> OidcSettings) -> OidcProvider {
        let settings = how(OidcSettings::new(Registered::new(ID, SECRET)));
        let started = self.runtime.block_on(OidcProvider::start(settings));
        started.expect("there is one already")
    }

    /// Where GitHub is: to a browser, on another site than the server.
    pub(crate) fn github_url(&self) -> String {
        self.github.url().replace("127.0.0.1", "localhost")
    }

    /// A server with GitHub and OpenID Connect; at both its callback is registered.
    pub(crate) fn offered_by_a_server(&self, more: &[(&str, &str)]) -> Option<Client> {
        let github = self.github_url();
        let mut settings = vec![
            ("GITHUB_URL", github.as_str()),
            ("GITHUB_CLIENT_ID", ID),
            ("GITHUB_CLIENT_SECRET", SECRET),
            ("OIDC_ISSUER", self.oidc.url()),
            ("OIDC_CLIENT_ID", ID),
            ("OIDC_CLIENT_SECRET", SECRET),
        ];
        settings.extend(more);
        let client = Client::start(&settings)?;
        self.register(&client);
        Some(client)
    }

    /// Registers the callbacks of a server.
    pub(crate) fn register(&self, client: &Client) {
        let callback = |name| callback(client, name);
        self.github.allow_redirect(callback("github"));
        self.discord.allow_redirect(callback("discord"));
        self.runtime
            .block_on(self.oidc.allow_redirect(&callback("oidc")));
    }

    pub(crate) fn add_to_oidc(&self, person: OidcPerson) {
        self.runtime.block_on(self.oidc.add_person(person));
    }

    /// Runs something that needs a runtime.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

pub(crate) fn callback(client: &Client, provider: &str) -> String {
    let base = client.example.base();
    format!("{base}/api/users/oauth/{provider}/callback")
}
