use http::Request;
use http::header::COOKIE;
use portcullis::accounts::{LoggedIn, Mode, OauthReturn, OauthStart, OauthStarted, Session, Users};
use portcullis::{
    Collection, Denial, Origin, PeerAddress, Provider, TrustedProxies, client_address,
};
use portcullis_testkit::oauth::{Browser, Client, Person, StandIn};

use super::{Place, World};

const SECRET: &str = "the client's secret";

/// Two nodes, and a GitHub at which Ada is the one to log in.
pub(crate) struct Provided {
    pub(crate) world: World,
    pub(crate) github: StandIn,
}

pub(crate) const ADA: &str = "ada@example.com";

impl Provided {
    pub(crate) async fn on(place: Place) -> Self {
        let github = StandIn::github(Client::new("portcullis", SECRET))
            .await
            .unwrap();
        github.allow_redirect("https://app.example/api/users/oauth/github/callback");
        github.add_person(Person::new(1, "ada").with_address(ADA, true));
        let world = World::with(place, Collection::new(), |builder| {
            let provider = Provider::github("portcullis", SECRET).base_url(github.url());
            let provider = provider.with_insecure_http_for_loopback();
            // What is linked and unlinked is raced for here, not who may.
            let builder = builder.with_insecure_fresh_logins_by("github");
            builder.oauth_provider(provider.build().unwrap())
        });
        Self {
            world: world.await,
            github,
        }
    }

    /// A browser that has been sent to the provider by one node, and has come back, to no node yet.
    pub(crate) async fn there(&self, number: usize) -> Comer {
        let start = OauthStart {
            mode: Some(Mode::Token),
            ..OauthStart::default()
        };
        let started = self.world.users(number).oauth_start("github", start).await;
        Comer::follow(&started.unwrap()).await
    }

    pub(crate) async fn log_in(&self, number: usize) -> Session {
        let comer = self.there(number).await;
        let users = self.world.users(number);
        exchange(&users, &comer.back(&users, number).await.unwrap())
            .await
            .unwrap()
    }
}

/// A browser that comes back: its cookie, and the query of its request.
#[derive(Clone)]
pub(crate) struct Comer {
    cookie: String,
    query: String,
}

impl Comer {
    pub(crate) async fn follow(started: &OauthStarted) -> Self {
        let back = Browser::new()
            .follow(&started.url, "https://app.example/")
            .await
            .unwrap();
        let cookie = started.cookie.to_str().unwrap();
        Self {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            query: back.split_once('?').unwrap().1.to_owned(),
        }
    }

    /// Comes back to a node.
    pub(crate) async fn back(&self, users: &Users, number: usize) -> Result<OauthReturn, Denial> {
        let [.., a, b] = number.to_be_bytes();
        let peer = format!("10.{a}.{b}.1:4711").parse().unwrap();
        let request = Request::builder()
            .extension(PeerAddress(peer))
            .header(COOKIE, &self.cookie);
        let (head, ()) = request.body(()).unwrap().into_parts();
        let origin = Origin::of(&head, &client_address(TrustedProxies::default()));
        users
            .from(origin)
            .oauth_callback("github", &self.query)
            .await
    }
}

pub(crate) fn code_in(back: &OauthReturn) -> &str {
    back.url.split_once("?code=").expect("a code").1
}

pub(crate) async fn exchange(users: &Users, back: &OauthReturn) -> Result<Session, Denial> {
    match users.oauth_exchange(code_in(back), None).await? {
        LoggedIn::Done(session) => Ok(session),
        other => panic!("not done: {other:?}"),
    }
}
