//! Google: its addresses and claims, at a conforming provider.

use portcullis_oauth::{Authorize, Callback, Provider, ProviderBuilder};
use portcullis_testkit::oauth::{OidcPerson, OidcProvider};

use crate::parties::{
    CALLBACK, GOOGLE, ID, PATIENCE, SECRET, built, conforming, log_in, parameter, refusal, walk,
};
use crate::pool::Lent;

async fn google() -> Option<Lent<OidcProvider>> {
    conforming(GOOGLE).await
}

fn preset(stand_in: &OidcProvider) -> ProviderBuilder {
    Provider::google(ID, SECRET)
        .base_url(stand_in.url())
        .timeout(PATIENCE)
}

#[tokio::test]
async fn ac_a2_ac_a5_v5_0_0_10_5_2_a_person_of_google_is_who_its_sub_says() {
    let Some(google) = google().await else { return };
    let provider = built(preset(&google));
    let exchanged = log_in(&provider).await.unwrap();
    let profile = &exchanged.profile;
    assert_eq!(
        (&*profile.provider, &*profile.issuer),
        ("google", provider.issuer())
    );
    assert_eq!((&*profile.subject, profile.email_verified), ("1001", true));
    assert_eq!(profile.email.as_deref(), Some("ada@example.com"));
    assert_eq!(profile.name.as_deref(), Some("Ada Ångström"));
    assert_eq!(profile.claims["hd"], "example.com");
    assert!(exchanged.tokens.id_token().is_some());
    let again = log_in(&provider).await.unwrap();
    assert_eq!(again.profile.subject, profile.subject);
    // Another address, and the same person.
    google
        .add_person(OidcPerson::new("1001").with_address("countess@example.com", false))
        .await;
    let later = log_in(&provider).await.unwrap().profile;
    assert_eq!((&*later.subject, later.email_verified), ("1001", false));
}

#[tokio::test]
async fn a_domain_is_asked_for_and_found_in_the_id_token() {
    let Some(google) = google().await else { return };
    let ours = built(preset(&google).hosted_domain("example.com"));
    let (_, query) = walk(&ours, Authorize::new(CALLBACK)).await;
    assert!(parameter(&query, "code").is_some());
    assert_eq!(log_in(&ours).await.unwrap().profile.subject, "1001");
    google
        .add_person(OidcPerson::new("1001").with_address("ada@example.com", true))
        .await;
    // What the address says of its domain counts for nothing.
    assert_eq!(
        refusal(log_in(&ours).await),
        ("hosted_domain_mismatch", None)
    );
    let theirs = OidcPerson::new("1001").with_claim("hd", "example.com.attacker.example");
    google.add_person(theirs).await;
    assert_eq!(
        refusal(log_in(&ours).await),
        ("hosted_domain_mismatch", None)
    );
}

#[tokio::test]
async fn ac_a11_whoever_says_no_is_told_apart_from_trouble() {
    let Some(google) = google().await else { return };
    let provider = built(preset(&google));
    google.deny(true).await;
    let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
    let callback = Callback::from_query(&query).unwrap();
    assert!(callback.is_denied());
    assert_eq!(callback.error(), Some("access_denied"));
    let refused = provider.exchange(&pending, &callback).await;
    assert_eq!(refusal(refused), ("access_denied", Some("access_denied")));
    google.deny(false).await;
    let silent = Authorize::new(CALLBACK).prompt("none");
    let (pending, query) = walk(&provider, silent).await;
    let refused = provider
        .exchange(&pending, &Callback::from_query(&query).unwrap())
        .await;
    assert_eq!(refusal(refused), ("provider_error", Some("login_required")));
}
