//! AC-T3: from which address a request really came, whatever its headers say.

use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, HeaderName, HeaderValue};
use http::request::Parts;
use portcullis_core::{
    Client, ClientAddress, PeerAddress, ProxyHeader, TrustedProxies, client_address,
};
use proptest::prelude::*;

const XFF: HeaderName = HeaderName::from_static("x-forwarded-for");
const SINGLE: HeaderName = HeaderName::from_static("cf-connecting-ip");

fn resolver(header: ProxyHeader) -> ClientAddress {
    let trusted: TrustedProxies = "10.0.0.0/8, fd00::/8, 192.0.2.1".parse().unwrap();
    client_address(trusted).proxy_header(header)
}

fn from(peer: &str, lines: &[(HeaderName, &[u8])]) -> Parts {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    let peer: IpAddr = peer.parse().unwrap();
    parts
        .extensions
        .insert(PeerAddress(SocketAddr::new(peer, 4711)));
    for (name, line) in lines {
        parts
            .headers
            .append(name.clone(), HeaderValue::from_bytes(line).unwrap());
    }
    parts
}

fn address(text: &str) -> Client {
    Client::Address(text.parse().unwrap())
}

/// What a trusted proxy's X-Forwarded-For, in these lines, comes to.
fn x_forwarded_for(lines: &[&str]) -> Client {
    let lines: Vec<_> = lines.iter().map(|line| (XFF, line.as_bytes())).collect();
    resolver(ProxyHeader::XForwardedFor).resolve(&from("10.0.0.1", &lines))
}

fn forwarded(lines: &[&str]) -> Client {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (FORWARDED, line.as_bytes()))
        .collect();
    resolver(ProxyHeader::Forwarded).resolve(&from("10.0.0.1", &lines))
}

#[test]
fn ac_t3_an_untrusted_peer_is_the_client_whatever_it_sends() {
    for header in [
        ProxyHeader::XForwardedFor,
        ProxyHeader::Forwarded,
        ProxyHeader::Either,
        ProxyHeader::Single(SINGLE),
    ] {
        let lines = [
            (XFF, &b"6.6.6.6"[..]),
            (FORWARDED, b"for=6.6.6.6"),
            (SINGLE, b"6.6.6.6"),
        ];
        let request = from("203.0.113.9", &lines);
        assert_eq!(resolver(header).resolve(&request), address("203.0.113.9"));
    }
    let nobody_trusted = client_address(TrustedProxies::none());
    let request = from("10.0.0.1", &[(XFF, b"6.6.6.6")]);
    assert_eq!(nobody_trusted.resolve(&request), address("10.0.0.1"));
}

#[test]
fn ac_t3_counted_from_the_right() {
    assert_eq!(x_forwarded_for(&["203.0.113.9"]), address("203.0.113.9"));
    assert_eq!(
        x_forwarded_for(&["6.6.6.6, 203.0.113.9"]),
        address("203.0.113.9")
    );
    assert_eq!(
        x_forwarded_for(&["6.6.6.6, 203.0.113.9, 10.1.1.1, 192.0.2.1"]),
        address("203.0.113.9")
    );
    assert_eq!(
        x_forwarded_for(&["10.0.0.2, 203.0.113.9"]),
        address("203.0.113.9"),
        "forged as a proxy's"
    );
    assert_eq!(
        x_forwarded_for(&["10.7.7.7, 10.0.0.2"]),
        address("10.7.7.7"),
        "all are ours: the leftmost"
    );
    assert_eq!(
        x_forwarded_for(&[]),
        address("10.0.0.1"),
        "the proxy speaks for itself"
    );
}

#[test]
fn ac_t3_several_lines_are_one_list() {
    assert_eq!(
        x_forwarded_for(&["6.6.6.6", "203.0.113.9"]),
        address("203.0.113.9")
    );
    assert_eq!(
        x_forwarded_for(&["203.0.113.9", "10.0.0.2"]),
        address("203.0.113.9")
    );
    assert_eq!(
        x_forwarded_for(&["6.6.6.6, 203.0.113.9", "10.0.0.3, 10.0.0.2"]),
        address("203.0.113.9")
    );
}

#[test]
fn ac_t3_a_hop_that_cannot_be_read_hides_what_is_left_of_it() {
    for hops in [
        "203.0.113.9, ",
        "",
        ",",
        "unknown",
        "203.0.113.9, nonsense",
        "203.0.113.9, 999.1.1.1",
        "1.2.3.4 5.6.7.8",
        "127.1",
        "0x7f000001",
        "010.0.0.1",
        "[1.2.3.4]",
        "1.2.3.4:99999",
        "::ffff:1.2.3",
        "fe80::1%eth0",
        "[::1",
        "::1]",
    ] {
        assert_eq!(x_forwarded_for(&[hops]), Client::Unresolvable, "{hops:?}");
    }
    assert_eq!(
        x_forwarded_for(&["6.6.6.6, nonsense, 203.0.113.9"]),
        address("203.0.113.9")
    );
    assert_eq!(
        x_forwarded_for(&["6.6.6.6, nonsense, 10.0.0.2"]),
        Client::Unresolvable
    );
    for lines in [
        &[(XFF, &b"203.0.113.9"[..]), (XFF, b"\xff")][..],
        &[(XFF, b"203.0.113.9, \xff")],
    ] {
        let request = from("10.0.0.1", lines);
        assert_eq!(
            resolver(ProxyHeader::XForwardedFor).resolve(&request),
            Client::Unresolvable
        );
    }
    let spoiled = from("10.0.0.1", &[(XFF, b"\xff, 203.0.113.9")]);
    assert_eq!(
        resolver(ProxyHeader::XForwardedFor).resolve(&spoiled),
        address("203.0.113.9")
    );
}

#[test]
fn ac_t3_ports_brackets_and_mapped_addresses() {
    for (hop, client) in [
        ("203.0.113.9:80", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:443", "203.0.113.9"),
        ("  203.0.113.9\t", "203.0.113.9"),
    ] {
        assert_eq!(x_forwarded_for(&[hop]), address(client), "{hop}");
    }
    assert_eq!(
        x_forwarded_for(&["6.6.6.6, ::ffff:10.0.0.2"]),
        address("6.6.6.6"),
        "mapped, and still ours"
    );
    let mapped_proxy = from("::ffff:10.0.0.1", &[(XFF, b"203.0.113.9")]);
    assert_eq!(
        resolver(ProxyHeader::XForwardedFor).resolve(&mapped_proxy),
        address("203.0.113.9")
    );
    let mapped_client = from("::ffff:203.0.113.9", &[]);
    assert_eq!(
        resolver(ProxyHeader::XForwardedFor).resolve(&mapped_client),
        address("203.0.113.9")
    );
    let sixth = from("fd00::1", &[(XFF, b"2001:db8::7")]);
    assert_eq!(
        resolver(ProxyHeader::XForwardedFor).resolve(&sixth),
        address("2001:db8::7")
    );
}

#[test]
fn ac_t3_forwarded_in_all_its_forms() {
    for (line, client) in [
        ("for=203.0.113.9", "203.0.113.9"),
        ("For=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9"),
        ("proto=https; FOR = \"203.0.113.9:80\" ", "203.0.113.9"),
        ("for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
        ("for=6.6.6.6, for=203.0.113.9", "203.0.113.9"),
        ("for=6.6.6.6,for=203.0.113.9,for=10.0.0.2", "203.0.113.9"),
    ] {
        assert_eq!(forwarded(&[line]), address(client), "{line}");
    }
    for line in [
        "for=unknown",
        "for=_hidden",
        "proto=https",
        "for=",
        "for",
        "",
        "for=6.6.6.6;for=7.7.7.7",
        "for=\"6.6.6.6",
        "for='6.6.6.6'",
        "for=6.6.6.6,",
        "xfor=6.6.6.6",
    ] {
        assert_eq!(forwarded(&[line]), Client::Unresolvable, "{line}");
    }
}

#[test]
fn ac_t3_what_a_proxy_quotes_is_not_read() {
    // The proxy wrote `for=203.0.113.9;host="…"`, and the client chose the host.
    for host in [
        "x,for=6.6.6.6;a=",
        "x, for=6.6.6.6",
        "x;for=6.6.6.6;a=",
        r#"x\",for=6.6.6.6;a=\"y"#,
        r"x,for=6.6.6.6;a=\\",
        r#"\\\",for=6.6.6.6;a="#,
        "for=6.6.6.6",
    ] {
        assert_eq!(
            forwarded(&[&format!("for=203.0.113.9;host=\"{host}\"")]),
            address("203.0.113.9"),
            "{host}"
        );
        assert_eq!(
            forwarded(&[&format!("host=\"{host}\";for=203.0.113.9")]),
            address("203.0.113.9"),
            "{host}"
        );
    }
    // A quote that the client left open does not swallow what the proxy appended.
    for opened in [
        "for=\"",
        "a=\"",
        "for=6.6.6.6;host=\"x",
        "\"",
        "\\\"",
        "for=\"6.6.6.6\\",
    ] {
        assert_eq!(
            forwarded(&[&format!("{opened}, for=203.0.113.9")]),
            address("203.0.113.9"),
            "{opened}"
        );
        let quoted = format!("{opened}, for=\"[2001:db8::1]:1\";by=\"[fd00::1]\"");
        assert_eq!(forwarded(&[&quoted]), address("2001:db8::1"), "{opened}");
    }
}

#[test]
fn ac_t3_of_two_headers_that_disagree_neither_is_believed() {
    let either = |lines: &[(HeaderName, &[u8])]| {
        resolver(ProxyHeader::Either).resolve(&from("10.0.0.1", lines))
    };
    assert_eq!(either(&[(XFF, b"203.0.113.9")]), address("203.0.113.9"));
    assert_eq!(
        either(&[(FORWARDED, b"for=203.0.113.9")]),
        address("203.0.113.9")
    );
    assert_eq!(
        either(&[(XFF, b"203.0.113.9"), (FORWARDED, b"for=203.0.113.9")]),
        address("203.0.113.9")
    );
    assert_eq!(
        either(&[(XFF, b"203.0.113.9"), (FORWARDED, b"for=6.6.6.6")]),
        Client::Unresolvable
    );
    assert_eq!(
        either(&[(XFF, b"203.0.113.9"), (FORWARDED, b"nonsense")]),
        Client::Unresolvable
    );
    assert_eq!(either(&[]), address("10.0.0.1"));
}

#[test]
fn ac_t3_a_single_header_counts_once_and_from_trusted_peers_only() {
    let single = |peer: &str, lines: &[&[u8]]| {
        let lines: Vec<_> = lines.iter().map(|line| (SINGLE, *line)).collect();
        resolver(ProxyHeader::Single(SINGLE)).resolve(&from(peer, &lines))
    };
    assert_eq!(
        single("10.0.0.1", &[b"203.0.113.9"]),
        address("203.0.113.9")
    );
    assert_eq!(single("203.0.113.1", &[b"6.6.6.6"]), address("203.0.113.1"));
    for wrong in [
        &[&b"6.6.6.6, 7.7.7.7"[..]][..],
        &[b"6.6.6.6", b"6.6.6.6"],
        &[b""],
        &[b"\xff"],
        &[b"localhost"],
    ] {
        assert_eq!(single("10.0.0.1", wrong), Client::Unresolvable);
    }
    assert_eq!(single("10.0.0.1", &[]), address("10.0.0.1"));
}

#[test]
fn ac_t3_without_a_peer_all_share_one_bucket() {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts
        .headers
        .insert(XFF, HeaderValue::from_static("10.0.0.2, 6.6.6.6"));
    assert_eq!(
        resolver(ProxyHeader::XForwardedFor).resolve(&parts),
        Client::Unresolvable
    );
    assert_eq!(Client::Unresolvable.network(64), Client::Unresolvable);
    assert_eq!(Client::Unresolvable.to_string(), "unresolvable");
}

#[test]
fn the_application_may_know_the_peer_better() {
    let resolver = resolver(ProxyHeader::XForwardedFor)
        .peer_from(|extensions| extensions.get::<IpAddr>().copied());
    let mut request = from("203.0.113.1", &[(XFF, b"203.0.113.9")]);
    assert_eq!(resolver.resolve(&request), Client::Unresolvable);
    request
        .extensions
        .insert("10.0.0.1".parse::<IpAddr>().unwrap());
    assert_eq!(resolver.resolve(&request), address("203.0.113.9"));
}

#[cfg(feature = "axum-connect-info")]
#[test]
fn axum_says_who_connected() {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    let peer: SocketAddr = "203.0.113.9:5".parse().unwrap();
    parts.extensions.insert(axum::extract::ConnectInfo(peer));
    assert_eq!(
        resolver(ProxyHeader::XForwardedFor).resolve(&parts),
        address("203.0.113.9")
    );
}

#[test]
fn ac_t3_ipv6_counts_by_network() {
    assert_eq!(
        address("2001:db8:1:2:3:4:5:6").network(64),
        address("2001:db8:1:2::")
    );
    assert_eq!(
        address("2001:db8:1:2:ffff::1").network(64),
        address("2001:db8:1:2::")
    );
    assert_ne!(
        address("2001:db8:1:3::1").network(64),
        address("2001:db8:1:2::1").network(64)
    );
    assert_eq!(address("2001:db8::1").network(0), address("::"));
    assert_eq!(address("2001:db8::1").network(128), address("2001:db8::1"));
    assert_eq!(address("2001:db8::1").network(255), address("2001:db8::1"));
    assert_eq!(address("203.0.113.9").network(64), address("203.0.113.9"));
}

#[test]
fn networks_are_read_or_named_as_wrong() {
    let trusted: TrustedProxies = " 10.0.0.0/8 ,, ::1, ::ffff:192.0.2.7".parse().unwrap();
    for (inside, yes) in [
        ("10.255.0.1", true),
        ("11.0.0.1", false),
        ("::1", true),
        ("192.0.2.7", true),
        ("::ffff:10.1.1.1", true),
        ("192.0.2.8", false),
    ] {
        assert_eq!(trusted.contains(inside.parse().unwrap()), yes, "{inside}");
    }
    for wrong in [
        "10.0.0.0/33",
        "10.0.0/8",
        "localhost",
        "10.0.0.1-10.0.0.9",
        "*",
    ] {
        let error = wrong.parse::<TrustedProxies>().unwrap_err();
        assert!(error.to_string().contains(wrong), "{error}");
    }
    assert_eq!(
        "".parse::<TrustedProxies>().unwrap(),
        TrustedProxies::none()
    );
}

/// Header bytes that look enough like the grammar to get deep into it.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"6.6.6.6".to_vec()),
        Just(b"10.0.0.2".to_vec()),
        Just(b"[2001:db8::1]:80".to_vec()),
        Just(b"for=".to_vec()),
        Just(b";host=".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\\".to_vec()),
        Just(b",".to_vec()),
        Just(b";".to_vec()),
        Just(b"=".to_vec()),
        Just(b" ".to_vec()),
        Just(b"unknown".to_vec()),
        prop::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..], 0..6),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn header() -> impl Strategy<Value = ProxyHeader> {
    prop::sample::select(vec![
        ProxyHeader::XForwardedFor,
        ProxyHeader::Forwarded,
        ProxyHeader::Either,
        ProxyHeader::Single(SINGLE),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn ac_t3_any_bytes_from_any_peer_are_judged_and_never_panic(
        lines in prop::collection::vec((prop::sample::select(vec![XFF, FORWARDED, SINGLE]), line()), 0..4),
        header in header(),
        trusted in any::<bool>(),
    ) {
        let peer = if trusted { "10.0.0.1" } else { "203.0.113.9" };
        let lines: Vec<_> = lines.iter().map(|(name, line)| (name.clone(), line.as_slice())).collect();
        let client = resolver(header).resolve(&from(peer, &lines));
        prop_assert!(trusted || client == address("203.0.113.9"), "an untrusted client chose {client}");
    }

    /// A client of a proxy that appends its address, on the same line or a new one, never becomes another client.
    #[test]
    fn ac_t3_a_proxied_client_never_chooses_its_address(sent in line(), same_line in any::<bool>()) {
        for (name, header, appended) in [
            (XFF, ProxyHeader::XForwardedFor, &b"203.0.113.9"[..]),
            (FORWARDED, ProxyHeader::Forwarded, b"for=203.0.113.9"),
            (FORWARDED, ProxyHeader::Forwarded, b"proto=https;for=\"203.0.113.9:4711\";by=\"[fd00::1]\""),
        ] {
            let joined = [&sent, &b", "[..], appended].concat();
            let lines: Vec<(HeaderName, &[u8])> = match same_line {
                true => vec![(name, &joined)],
                false => vec![(name.clone(), &sent), (name, appended)],
            };
            let client = resolver(header).resolve(&from("10.0.0.1", &lines));
            prop_assert_eq!(client, address("203.0.113.9"));
        }
    }

    /// The same where a proxy also quotes a host that the client chose, with escapes as RFC 9110 §5.6.4 has them.
    #[test]
    fn ac_t3_a_quoted_host_never_chooses_the_address(sent in line(), host in "[ -~]{0,30}", before in any::<bool>()) {
        let quoted = host.replace('\\', "\\\\").replace('"', "\\\"");
        let element = match before {
            true => format!("host=\"{quoted}\";for=203.0.113.9"),
            false => format!("for=203.0.113.9;host=\"{quoted}\""),
        };
        let joined = [&sent, &b", "[..], element.as_bytes()].concat();
        let client = resolver(ProxyHeader::Forwarded).resolve(&from("10.0.0.1", &[(FORWARDED, &joined)]));
        prop_assert_eq!(client, address("203.0.113.9"));
    }

    #[test]
    fn any_text_is_a_network_or_is_not_and_never_panics(text in ".{0,40}", near in "[0-9a-f:./, ]{0,30}") {
        let _ = (text.parse::<TrustedProxies>(), near.parse::<TrustedProxies>());
    }
}
