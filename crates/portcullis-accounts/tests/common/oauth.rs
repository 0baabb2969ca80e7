//! Accounts that are entered by GitHub and Discord, as stand-ins play them.
#![allow(dead_code, reason = "each test binary uses a part")]

use portcullis_accounts::store::AccountStore;
use portcullis_accounts::{
    AccountsBuilder, Collection, LoggedIn, MemoryStore, Mode, OauthReturn, OauthStart, Session,
};
use portcullis_core::Denial;
use portcullis_oauth::Provider;
use portcullis_testkit::ManualClock;
use portcullis_testkit::oauth::{Browser as Visitor, Client, Person, StandIn};

use crate::browser::Browser;
use crate::common::{Harness, harness_on};

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const INVALID: &str = "400 invalid_state";

/// Ada at GitHub, and what is hers there.
pub(crate) const ADA_THERE: u64 = 583_231;
/// Somebody else.
pub(crate) const EVE_THERE: u64 = 666;

const SECRET: &str = "the client's secret";

pub(crate) struct Stage<S = MemoryStore> {
    pub(crate) h: Harness<S>,
    pub(crate) github: StandIn,
    pub(crate) discord: StandIn,
}

pub(crate) async fn stage(settings: Collection) -> Stage {
    stage_with(settings, |builder| builder).await
}

pub(crate) async fn stage_with(
    settings: Collection,
    more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
) -> Stage {
    let clock = ManualClock::new();
    let store = MemoryStore::new().with_clock(clock.shared());
    stage_on(store, clock, settings, more).await
}

/// The same, where a login by either counts as fresh, although neither says when its user logged in there.
pub(crate) async fn stage_of_fresh_logins(settings: Collection) -> Stage {
    stage_with(settings, fresh_logins).await
}

pub(crate) fn fresh_logins(builder: AccountsBuilder) -> AccountsBuilder {
    builder
        .with_insecure_fresh_logins_by("github")
        .with_insecure_fresh_logins_by("discord")
}

/// Ada has one verified address at both providers; Eve has another one there.
pub(crate) async fn stage_on<S: AccountStore + Clone>(
    store: S,
    clock: ManualClock,
    settings: Collection,
    more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
) -> Stage<S> {
    let client = || Client::new("portcullis", SECRET);
    let github = StandIn::github(client()).await.unwrap();
    let discord = StandIn::discord(client()).await.unwrap();
    for (name, there) in [("github", &github), ("discord", &discord)] {
        for collection in ["users", "customers"] {
            there.allow_redirect(format!(
                "https://app.example/api/{collection}/oauth/{name}/callback"
            ));
        }
        there.add_person(
            Person::new(ADA_THERE, "ada")
                .named("Ada L.")
                .with_address(ADA, true),
        );
        there.add_person(Person::new(EVE_THERE, "eve").with_address("eve@example.com", true));
        there.log_in(ADA_THERE);
    }
    let providers = [
        Provider::github("portcullis", SECRET).base_url(github.url()),
        Provider::discord("portcullis", SECRET).base_url(discord.url()),
    ];
    let providers = providers.map(|provider| {
        let provider = provider.with_insecure_http_for_loopback();
        provider.clock(clock.shared()).build().unwrap()
    });
    let h = harness_on(store, clock, settings, |builder| {
        more(
            providers
                .into_iter()
                .fold(builder, AccountsBuilder::oauth_provider),
        )
    });
    Stage { h, github, discord }
}

/// A login for tokens.
pub(crate) fn by_token() -> OauthStart {
    OauthStart {
        mode: Some(Mode::Token),
        ..OauthStart::default()
    }
}

/// A login by cookie.
pub(crate) fn by_cookie() -> OauthStart {
    OauthStart {
        mode: Some(Mode::Cookie),
        ..OauthStart::default()
    }
}

/// A browser that has been nowhere yet.
pub(crate) fn fresh_browser() -> Browser {
    Browser::at("192.0.2.7")
}

impl<S: AccountStore> Stage<S> {
    /// Begins a login in a browser, and gives where it is sent.
    pub(crate) async fn begin(
        &self,
        browser: &mut Browser,
        provider: &str,
        start: OauthStart,
    ) -> String {
        let started = browser
            .users(&self.h)
            .oauth_start(provider, start)
            .await
            .unwrap();
        browser.keep(&started.cookie);
        started.url
    }

    /// Goes to the provider, whose user agrees at once, and gives what the browser comes back with.
    pub(crate) async fn visit(&self, url: &str) -> String {
        let back = Visitor::new()
            .follow(url, "https://app.example/")
            .await
            .unwrap();
        back.split_once('?').unwrap().1.to_owned()
    }

    pub(crate) async fn back(
        &self,
        browser: &mut Browser,
        provider: &str,
        query: &str,
    ) -> Result<OauthReturn, Denial> {
        let back = browser
            .users(&self.h)
            .oauth_callback(provider, query)
            .await?;
        back.cookies().for_each(|cookie| browser.keep(cookie));
        Ok(back)
    }

    /// There and back.
    pub(crate) async fn round(
        &self,
        browser: &mut Browser,
        provider: &str,
        start: OauthStart,
    ) -> OauthReturn {
        let url = self.begin(browser, provider, start).await;
        let query = self.visit(&url).await;
        self.back(browser, provider, &query).await.unwrap()
    }

    /// There and back, and the one-time code exchanged.
    pub(crate) async fn log_in(&self, provider: &str) -> Result<Session, Denial> {
        self.log_in_as(provider, by_token()).await
    }

    /// The same, as it is asked for.
    pub(crate) async fn log_in_as(
        &self,
        provider: &str,
        start: OauthStart,
    ) -> Result<Session, Denial> {
        let mut browser = fresh_browser();
        let back = self.round(&mut browser, provider, start).await;
        if let Some(refusal) = back.refusal {
            assert_eq!(
                back.url,
                format!("https://app.example/?error={}", refusal.code())
            );
            return Err(refusal);
        }
        let code = code_in(&back.url).expect("no code");
        match browser.users(&self.h).oauth_exchange(&code, None).await? {
            LoggedIn::Done(session) => Ok(session),
            other => panic!("not done: {other:?}"),
        }
    }
}

/// The one-time code in the address that a browser is sent to.
pub(crate) fn code_in(url: &str) -> Option<String> {
    parameter(url, "code")
}

pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(key, _)| *key == name)?;
    Some(found.1.to_owned())
}
