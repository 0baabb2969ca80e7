//! Portcullis around a tonic server, and what its clients see: gRPC statuses instead of HTTP ones.
//!
//! `cargo run -p grpc-tonic` starts a server on a port of the system's choice, calls it as several clients, prints the status of each call
//! (Unauthenticated, PermissionDenied, Ok, ResourceExhausted) and ends.

use std::error::Error;
use std::net::SocketAddr;

use portcullis::jwt::{Grant, HmacKey, SigningKey};
use portcullis::{
    AuthnLayer, Bearer, Issuer, KeyRing, MemoryLimiter, Quota, RateLimitLayer, TrustedProxies,
    Verifier, client_address, permission, require,
};
use serde_json::json;
use tokio::net::TcpListener;
use tonic::transport::server::{TcpConnectInfo, TcpIncoming};
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::server::health_reporter;

/// Ten calls at once for each client, which must be known and may `write`. The service behind it is gRPC's own health check.
async fn serve(listener: TcpListener, ring: KeyRing) -> Result<(), tonic::transport::Error> {
    let client = client_address(TrustedProxies::none()).peer_from(|extensions| {
        let connection = extensions.get::<TcpConnectInfo>()?;
        connection.remote_addr().map(|address| address.ip())
    });
    let verifier = Verifier::builder(ring).roles_claim("roles").build();
    let layers = tower::ServiceBuilder::new()
        .layer(
            RateLimitLayer::new(MemoryLimiter::new(), Quota::per_minute(10).burst(10)).by(client),
        )
        .layer(AuthnLayer::new().scheme(Bearer::new(verifier)))
        .layer(require(permission("write")));
    let (_reporter, health) = health_reporter();
    Server::builder()
        .layer(layers)
        .add_service(health)
        .serve_with_incoming(TcpIncoming::from(listener))
        .await
}

struct Client {
    channel: Channel,
    issuer: Issuer,
}

impl Client {
    async fn connect(address: SocketAddr, issuer: Issuer) -> Result<Self, Box<dyn Error>> {
        let channel = Channel::from_shared(format!("http://{address}"))?;
        let channel = channel.connect().await?;
        Ok(Self { channel, issuer })
    }

    /// A call with a token for this role, or without any.
    async fn call(&self, role: Option<&str>) -> Result<Status, Box<dyn Error>> {
        let mut request = Request::new(HealthCheckRequest::default());
        if let Some(role) = role {
            let claims = json!({ "roles": [role] });
            let token = self.issuer.issue_with(&Grant::access(role), &claims)?;
            let value = format!("Bearer {}", token.as_str()).parse()?;
            request.metadata_mut().insert("authorization", value);
        }
        let answer = HealthClient::new(self.channel.clone()).check(request).await;
        Ok(answer.map_or_else(|status| status, |_| Status::new(Code::Ok, "")))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let ring = KeyRing::new(SigningKey::hs256(&HmacKey::generate()?));
    tokio::spawn(serve(listener, ring.clone()));

    let client = Client::connect(address, Issuer::new(ring)).await?;
    show("nobody", &client.call(None).await?);
    show(
        "a guest, who may only read",
        &client.call(Some("guest")).await?,
    );
    show("a user, who may write", &client.call(Some("user")).await?);
    for _ in 0..7 {
        client.call(Some("user")).await?;
    }
    show("the eleventh call", &client.call(Some("user")).await?);
    Ok(())
}

fn show(who: &str, status: &Status) {
    println!(
        "{who}: {:?} ({}) {}",
        status.code(),
        status.code() as i32,
        status.message()
    );
}
