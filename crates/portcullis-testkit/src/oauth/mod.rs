//! Providers to log in with: for tests of OAuth and OpenID Connect against parties that really answer.
//!
//! All of them listen on a port of the loopback interface that the system picks, let people in without a click, and end when they are
//! dropped.
//!
//! - [`StandIn`]: GitHub or Discord, with what those two do otherwise than the standards say.
//! - [`OidcProvider`]: a conforming OpenID Connect provider (`oidc-provider` on node), which also poses as Google.
//! - [`HostileProvider`]: one that plays [`Trick`]s (`oauth2-mock-server` on node).
//! - [`Browser`]: what goes from the application to the provider and comes back with a code.
//!
//! The two on node are for tests of this repository: their scripts stand in its `tests/providers`. What they need is installed below
//! the target directory when they are first started. Where node or npm is missing they say so in a line, and give nothing; where the
//! variable `CI` is set, they panic.
//!
//! ```
//! use portcullis_testkit::oauth::{Browser, Client, Person, StandIn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let github = StandIn::github(Client::new("an id", "a secret")).await?;
//! github.allow_redirect("https://app.example/callback");
//! github.add_person(Person::new(583_231, "octocat").with_address("octocat@example.com", true));
//!
//! let start = format!("{}/login/oauth/authorize?client_id=an+id&state=s", github.url());
//! let back = Browser::new().follow(&start, "https://app.example/callback").await?;
//! assert!(back.contains("code=") && back.contains("state=s"));
//! # Ok(())
//! # }
//! ```

mod behaviour;
mod browser;
mod client;
mod node;
mod stand_in;
mod wire;

pub use self::behaviour::{Behaviour, Endpoint};
pub use self::browser::Browser;
pub use self::client::Client;
pub use self::node::{HostileProvider, OidcPerson, OidcProvider, OidcSettings, Signature, Trick};
pub use self::stand_in::{Person, ReceivedRequest, StandIn};
