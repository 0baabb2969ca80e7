//! Logins at providers that really answer: GitHub's and Discord's stand-ins, a conforming OpenID Connect provider, which also poses as
//! Google, and a hostile one. What is needed on node is installed by the kit for tests.

mod ages;
mod answers;
mod callbacks;
mod custom;
mod discord;
mod discovery;
mod github;
mod google;
mod id_tokens;
mod log;
mod oidc;
mod parties;
mod people;
mod pool;
mod requests;
mod userinfo;
mod wire;
