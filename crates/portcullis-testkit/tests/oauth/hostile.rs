use portcullis_testkit::oauth::{
    Behaviour, Browser, Client, Endpoint, HostileProvider, Signature, Trick,
};
use serde_json::{Value, json};

use crate::http::{self, basic, parameter, part};
use crate::{CALLBACK, SECRET, asked, exchanged};

async fn back(provider: &HostileProvider) -> String {
    let start = format!("{}/authorize?{}", provider.url(), asked("openid email"));
    Browser::new().follow(&start, CALLBACK).await.unwrap()
}

async fn tokens(provider: &HostileProvider) -> Value {
    let code = parameter(&back(provider).await, "code").unwrap();
    let url = format!("{}/token", provider.url());
    let authorization = basic("client", SECRET);
    http::post(
        &url,
        &[("authorization", &authorization)],
        &exchanged(&code),
    )
    .await
    .json()
}

async fn id_token(provider: &HostileProvider) -> Value {
    tokens(provider).await["id_token"].clone()
}

async fn keys(provider: &HostileProvider) -> Value {
    http::get(&format!("{}/jwks", provider.url()), &[])
        .await
        .json()["keys"]
        .clone()
}

#[tokio::test]
async fn it_plays_the_tricks_it_is_told_and_no_others() {
    let Some(provider) = HostileProvider::start(Client::new("client", SECRET)).await else {
        return;
    };
    let honest = part(&id_token(&provider).await, 1);
    assert_eq!(
        (&honest["iss"], &honest["aud"], &honest["nonce"]),
        (&json!(provider.url()), &json!("client"), &json!("a nonce"))
    );
    provider
        .play(&[
            Trick::Claims(json!({ "aud": ["client", "other"], "nonce": null })),
            Trick::Claims(json!({ "azp": "other" })),
        ])
        .await;
    let claims = part(&id_token(&provider).await, 1);
    assert_eq!(
        (&claims["aud"], &claims["azp"]),
        (&json!(["client", "other"]), &json!("other"))
    );
    assert_eq!(
        (claims.get("nonce"), claims["sub"].as_str()),
        (None, Some("johndoe"))
    );
    provider.play(&[Trick::expired()]).await;
    let expired = part(&id_token(&provider).await, 1);
    assert!(expired["exp"].as_i64() < honest["iat"].as_i64());
    provider
        .play(&[Trick::TokenResponse(
            json!({ "id_token": null, "extra": 1 }),
        )])
        .await;
    let told = tokens(&provider).await;
    assert_eq!((told.get("id_token"), &told["extra"]), (None, &json!(1)));
    provider
        .play(&[Trick::Callback(
            json!({ "iss": "http://other.example", "state": null }),
        )])
        .await;
    let came = back(&provider).await;
    assert_eq!(
        (
            parameter(&came, "iss").as_deref(),
            parameter(&came, "state")
        ),
        (Some("http://other.example"), None)
    );
    provider
        .play(&[Trick::Discovery(
            json!({ "issuer": "http://other.example" }),
        )])
        .await;
    let url = format!("{}/.well-known/openid-configuration", provider.url());
    assert_eq!(
        http::get(&url, &[]).await.json()["issuer"],
        "http://other.example"
    );
    provider.play(&[]).await;
    assert_eq!(http::get(&url, &[]).await.json()["issuer"], provider.url());
    provider
        .play(&[Trick::Userinfo(json!({ "sub": "another" }))])
        .await;
    let person = http::get(&format!("{}/userinfo", provider.url()), &[])
        .await
        .json();
    assert_eq!(
        (&person["sub"], &person["email_verified"]),
        (&json!("another"), &json!(true))
    );
    provider.reset().await;
    assert!(provider.requests().await.is_empty());
    let userinfo = format!("{}/userinfo", provider.url());
    let person = http::get(&userinfo, &[]).await.json();
    assert_eq!(person["sub"], "johndoe");
}

#[tokio::test]
async fn it_signs_as_it_is_told_to() {
    let Some(provider) = HostileProvider::start(Client::new("client", SECRET)).await else {
        return;
    };
    let kid = keys(&provider).await[0]["kid"].clone();
    let told = [
        (Signature::None, "none", false),
        (Signature::Missing, "RS256", true),
        (Signature::Changed, "RS256", true),
        (Signature::OtherKey, "RS256", true),
        (Signature::EmbeddedKey, "RS256", true),
        (Signature::PublicKeyAsSecret, "HS256", true),
        (Signature::ClientSecret, "HS256", true),
    ];
    for (signature, algorithm, has_kid) in told {
        provider.play(&[Trick::Signature(signature)]).await;
        let token = id_token(&provider).await;
        let head = part(&token, 0);
        assert_eq!(head["alg"], algorithm, "{signature:?}");
        assert_eq!(head["kid"] == kid, has_kid, "{signature:?}");
        let is_unsigned = token.as_str().unwrap().ends_with('.');
        let leaves_it_out = matches!(signature, Signature::None | Signature::Missing);
        assert_eq!(is_unsigned, leaves_it_out, "{signature:?}");
    }
    provider.rotate_keys().await;
    provider.play(&[]).await;
    let later = keys(&provider).await;
    assert_eq!(later.as_array().unwrap().len(), 1);
    assert_ne!(later[0]["kid"], kid);
    assert_eq!(part(&id_token(&provider).await, 0)["kid"], later[0]["kid"]);
}

#[tokio::test]
async fn its_places_misbehave() {
    let Some(provider) = HostileProvider::start(Client::new("client", SECRET)).await else {
        return;
    };
    let places = [
        (Endpoint::Discovery, "/.well-known/openid-configuration"),
        (Endpoint::Authorization, "/authorize"),
        (Endpoint::Token, "/token"),
        (Endpoint::Userinfo, "/userinfo"),
        (Endpoint::Keys, "/jwks"),
    ];
    for (endpoint, path) in places {
        provider
            .play(&[Trick::Behave(endpoint, Behaviour::status(503))])
            .await;
        let answer = http::get(&format!("{}{path}", provider.url()), &[]).await;
        assert_eq!(answer.status, 503, "{endpoint:?}");
        assert_eq!(
            provider.requests().await.last().unwrap(),
            &format!("GET {path}")
        );
    }
    let url = format!("{}/jwks", provider.url());
    provider
        .play(&[Trick::Behave(
            Endpoint::Keys,
            Behaviour::Giant { bytes: 2_000_000 },
        )])
        .await;
    assert_eq!(
        http::get(&url, &[]).await.json()["padding"]
            .as_str()
            .unwrap()
            .len(),
        2_000_000
    );
    provider
        .play(&[Trick::Behave(Endpoint::Keys, Behaviour::HangUp)])
        .await;
    assert!(Browser::new().visit(&url).await.is_err());
    for behaviour in [Behaviour::Silence, Behaviour::Drip, Behaviour::Endless] {
        provider
            .play(&[Trick::Behave(Endpoint::Keys, behaviour)])
            .await;
        let limit = std::time::Duration::from_millis(300);
        assert!(
            tokio::time::timeout(limit, http::get(&url, &[]))
                .await
                .is_err()
        );
    }
}
