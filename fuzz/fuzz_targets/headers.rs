//! A request's head, whatever a client puts into it: no scheme may panic, and a client that is no proxy may not choose its address.
#![no_main]

use http::{HeaderName, HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use portcullis::{
    Client, CredentialPlace, CredentialPlaces, PeerAddress, ProxyHeader, TrustedProxies, authorization, client_address, cookie,
};

const NAMES: [&str; 6] =
    ["authorization", "cookie", "x-forwarded-for", "forwarded", "sec-websocket-protocol", "x-api-key"];

fuzz_target!(|lines: Vec<(u8, Vec<u8>)>| {
    let mut request = Request::builder();
    for (name, value) in &lines {
        let name = NAMES[usize::from(*name) % NAMES.len()];
        if let Ok(value) = HeaderValue::from_bytes(value) {
            request = request.header(name, value);
        }
    }
    let Ok(request) = request.uri("/?access_token=x&access_token").body(()) else { return };
    let (mut parts, ()) = request.into_parts();

    for scheme in ["Bearer", "ApiKey", "Basic"] {
        let _ = authorization(&parts.headers, scheme);
        let _ = CredentialPlace::Authorization(scheme).is_filled(&parts);
    }
    let _ = cookie(&parts.headers, "__Host-session");
    let places = CredentialPlaces::new()
        .with_cookie("token")
        .with_websocket_protocol("bearer")
        .with_insecure_query("access_token");
    let _ = places.find(&parts, None);

    let headers = [
        ProxyHeader::XForwardedFor,
        ProxyHeader::Forwarded,
        ProxyHeader::Either,
        ProxyHeader::Single(HeaderName::from_static("x-api-key")),
    ];
    for header in headers {
        let resolver = client_address("10.0.0.0/8".parse::<TrustedProxies>().unwrap()).proxy_header(header);
        parts.extensions.insert(PeerAddress("10.0.0.1:1".parse().unwrap()));
        let _ = resolver.resolve(&parts);
        parts.extensions.insert(PeerAddress("203.0.113.9:1".parse().unwrap()));
        assert_eq!(resolver.resolve(&parts), Client::Address("203.0.113.9".parse().unwrap()));
    }
});
