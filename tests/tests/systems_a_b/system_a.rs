//! System A: a content system's authentication.

use http::{Method, StatusCode};
use portcullis::accounts::{Credentials, LoggedIn, Login, Register, Registered};
use portcullis::password::PasswordPolicy;
use portcullis::{ApiKey, AuthUser, SchemeName};
use serde_json::{Value, json};

use crate::client::{Application, PASSWORD, token};

const EMAIL: &str = "user@example.com";

/// "Register", "Login": `lucent.auth.register`, `lucent.auth.login`, without HTTP.
#[tokio::test]
async fn register_and_login_are_functions() {
    let application = Application::new();
    let users = application.accounts.users();
    let register = Register::new(EMAIL, PASSWORD).field("name", "John Doe");
    let Registered::LoggedIn(session) = users.register(register).await.unwrap() else {
        panic!("no proof of the address is asked for");
    };
    assert_eq!(session.user.profile["name"], "John Doe");
    let login = Login {
        email: EMAIL.to_owned(),
        password: PASSWORD.to_owned().into(),
        ..Login::default()
    };
    let LoggedIn::Done(session) = users.login(login).await.unwrap() else {
        panic!("there is no second factor");
    };
    let Credentials::Tokens(tokens) = &session.credentials else {
        panic!("a token is what is documented");
    };
    assert_eq!(tokens.access().split('.').count(), 3, "a JWT");
}

/// "`jwtExpiry: "7d"`".
#[tokio::test]
async fn tokens_live_as_long_as_is_configured() {
    let application = Application::new();
    application.register("users", EMAIL).await;
    let body = application.login("users", EMAIL).await;
    assert_eq!(body["expiresIn"], 7 * 24 * 3600);
    assert_eq!(body["tokenType"], "Bearer");
}

/// "Your users collection must include specific fields": defaults, the role, the verified flag, and what is hidden.
#[tokio::test]
async fn a_user_has_the_documented_fields_and_hides_the_hidden_ones() {
    let application = Application::new();
    let body = application.register("users", EMAIL).await;
    let user = &body["user"];
    assert_eq!(user["email"], EMAIL);
    assert_eq!(user["name"], "John Doe");
    assert_eq!(user["roles"], json!(["user"]), "the default role");
    assert_eq!(user["verified"], false, "the default");
    assert_eq!(user["plan"], "free", "an option with a default");
    assert_eq!(user["newsletter"], false);
    let me = application.get("/api/users/me", &token(&body)).await;
    for hidden in [
        "internalNote",
        "password",
        "verificationToken",
        "resetToken",
        "resetExpiry",
        "$argon2id$",
    ] {
        assert!(!me.text.contains(hidden), "{hidden} is in no answer");
    }
}

/// "`unique: true`": also in another spelling.
#[tokio::test]
async fn an_address_has_one_account() {
    let application = Application::new();
    application.register("users", EMAIL).await;
    let body = json!({ "email": "USER@Example.com", "password": PASSWORD });
    let answer = application.post("/api/users/register", None, body).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.body["code"], "email_taken");
}

/// "Logout (invalidates the current refresh token)": `logout(token)`.
#[tokio::test]
async fn logout_invalidates_the_current_refresh_token() {
    let application = Application::new();
    let first = application.register("users", EMAIL).await;
    let other = application.login("users", EMAIL).await;
    let users = application.accounts.users();
    users.logout_token(&token(&first)).await.unwrap();
    let refresh = |body: &Value| json!({ "refreshToken": body["refreshToken"] });
    let ended = application
        .post("/api/users/refresh-token", None, refresh(&first))
        .await;
    assert_eq!(ended.status, StatusCode::UNAUTHORIZED);
    let access = application.get("/api/users/me", &token(&first)).await;
    assert_eq!(
        access.status,
        StatusCode::UNAUTHORIZED,
        "the access token too"
    );
    let alive = application
        .post("/api/users/refresh-token", None, refresh(&other))
        .await;
    assert_eq!(alive.status, StatusCode::OK, "the other device goes on");
}

/// "Logout from ALL devices": `POST /api/:collection/logout-all`.
#[tokio::test]
async fn logout_all_invalidates_every_refresh_token() {
    let application = Application::new();
    let bodies = [
        application.register("users", EMAIL).await,
        application.login("users", EMAIL).await,
        application.login("users", EMAIL).await,
    ];
    let path = "/api/users/logout-all";
    let authorization = format!("Bearer {}", token(&bodies[0]));
    let answer = application
        .call(Method::POST, path, Some(&authorization), None)
        .await;
    assert_eq!(
        (answer.status, &answer.body["revoked"]),
        (StatusCode::OK, &json!(3))
    );
    for body in &bodies {
        let refresh = json!({ "refreshToken": body["refreshToken"] });
        let answer = application
            .post("/api/users/refresh-token", None, refresh)
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

/// "Create a key": shown once, with scopes, and as documented under `apiKey`.
#[tokio::test]
async fn a_key_is_created_listed_and_revoked() {
    let application = Application::new();
    let token = token(&application.register("users", EMAIL).await);
    let body = json!({ "name": "CI deployment key", "scopes": ["read", "write"] });
    let created = application
        .post("/api/users/api-keys", Some(&token), body)
        .await;
    assert_eq!(created.status, StatusCode::CREATED);
    let key = created.body["apiKey"]["key"].as_str().unwrap().to_owned();
    let listed = application.get("/api/users/api-keys", &token).await;
    let row = &listed.body["apiKeys"][0];
    assert_eq!(row["name"], "CI deployment key");
    assert_eq!(row["scopes"], json!(["read", "write"]));
    assert!(!listed.text.contains(&key), "it is only shown once");
    assert_eq!(me_by_key(&application, &key).await, StatusCode::OK);
    let path = format!("/api/users/api-keys/{}", row["id"].as_str().unwrap());
    let bearer = format!("Bearer {token}");
    let revoked = application
        .call(Method::DELETE, &path, Some(&bearer), None)
        .await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(
        me_by_key(&application, &key).await,
        StatusCode::UNAUTHORIZED
    );
}

async fn me_by_key(application: &Application, key: &str) -> StatusCode {
    let authorization = format!("ApiKey {key}");
    let answer = application
        .call(Method::GET, "/api/users/me", Some(&authorization), None)
        .await;
    answer.status
}

/// "`expiresAt`: optional ISO-8601 expiry".
#[tokio::test]
async fn a_key_can_expire() {
    let application = Application::new();
    let token = token(&application.register("users", EMAIL).await);
    let create = async |expires_at: &str| {
        let body = json!({ "name": "short", "expiresAt": expires_at });
        application
            .post("/api/users/api-keys", Some(&token), body)
            .await
    };
    let created = create("2999-01-01T00:00:00Z").await;
    assert_eq!(created.body["apiKey"]["expiresAt"], "2999-01-01T00:00:00Z");
    let past = create("2020-01-01T00:00:00Z").await;
    assert_eq!(
        (past.status.as_u16(), &past.body["code"]),
        (422, &json!("expiry_invalid"))
    );
}

/// "Enforcing scopes in access functions", and "omit to grant all operations".
#[tokio::test]
async fn the_documented_access_function_decides_as_documented() {
    let application = Application::new();
    let token = token(&application.register("users", EMAIL).await);
    let mut allowed = Vec::new();
    for scopes in [
        json!(["read"]),
        json!(["write"]),
        json!(["read", "write"]),
        json!([]),
        Value::Null,
    ] {
        let mut body = json!({ "name": "key" });
        if !scopes.is_null() {
            body["scopes"] = scopes;
        }
        let created = application
            .post("/api/users/api-keys", Some(&token), body)
            .await;
        let key = created.body["apiKey"]["key"].as_str().unwrap().to_owned();
        let authorization = format!("ApiKey {key}");
        let answer = application
            .call(Method::POST, "/posts", Some(&authorization), None)
            .await;
        allowed.push(answer.status.as_u16());
    }
    assert_eq!(
        allowed,
        [403, 201, 201, 403, 201],
        "read, write, both, none at all, omitted"
    );
    let user = application.post("/posts", Some(&token), json!({})).await;
    assert_eq!(
        user.status,
        StatusCode::CREATED,
        "a regular user has no scope restriction"
    );
    let nobody = application.post("/posts", None, json!({})).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

/// An admin's key with the scope `admin` may write as well: `includes("write") || includes("admin")`.
#[tokio::test]
async fn the_scope_admin_of_an_admin_lets_write() {
    let application = Application::new();
    let body = application.register("users", EMAIL).await;
    let id = body["user"]["id"].as_str().unwrap();
    let owner = application.accounts.users().as_application();
    owner
        .set_roles(id, vec!["user".to_owned(), "admin".to_owned()])
        .await
        .unwrap();
    let token = token(&application.login("users", EMAIL).await);
    let request = json!({ "name": "key", "scopes": ["admin"] });
    let created = application
        .post("/api/users/api-keys", Some(&token), request)
        .await;
    let key = created.body["apiKey"]["key"]
        .as_str()
        .expect("an admin may have it")
        .to_owned();
    let authorization = format!("ApiKey {key}");
    let answer = application
        .call(Method::POST, "/posts", Some(&authorization), None)
        .await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

/// "Using the Token": `Authorization: Bearer`.
#[tokio::test]
async fn the_token_is_sent_as_bearer() {
    let application = Application::new();
    let token = token(&application.register("users", EMAIL).await);
    let me = application.get("/api/users/me", &token).await;
    assert_eq!(
        (me.status, &me.body["authType"]),
        (StatusCode::OK, &json!("jwt"))
    );
}

/// "Password Requirements": each alone, and all that are missing at once.
#[tokio::test]
async fn passwords_are_held_to_the_documented_requirements() {
    let application = Application::compat();
    let mut seen = Vec::new();
    for password in [
        "Sh0rt!",
        "nouppercase1!",
        "NoNumbers!",
        "NoSymbols1",
        "x",
        PASSWORD,
    ] {
        let body = json!({ "email": EMAIL, "password": password });
        let answer = application.post("/api/users/register", None, body).await;
        seen.push((answer.status.as_u16(), answer.body["reasons"].clone()));
    }
    let expected = [
        (422, json!(["length"])),
        (422, json!(["uppercase"])),
        (422, json!(["number"])),
        (422, json!(["symbol"])),
        (422, json!(["length", "uppercase", "number", "symbol"])),
        (201, Value::Null),
    ];
    assert_eq!(seen, expected);
}

/// The same requirements, chosen one by one: `minLength`, `requireUppercase`, `requireNumbers`, `requireSymbols`.
#[tokio::test]
async fn each_requirement_is_an_option_of_its_own() {
    let policy = PasswordPolicy::default()
        .min_length(12)
        .require_numbers(true);
    let application = Application::with(|builder| builder.password_policy(policy));
    let body = json!({ "email": EMAIL, "password": "short" });
    let answer = application.post("/api/users/register", None, body).await;
    assert_eq!(answer.body["reasons"], json!(["length", "number"]));
}

/// "Send verification email": `sendVerificationEmail(userId)`, and "Verify email": `verifyEmail(token)`.
#[tokio::test]
async fn an_address_is_verified_by_mail() {
    let application = Application::new();
    let body = application.register("users", EMAIL).await;
    let users = application.accounts.users();
    let id = body["user"]["id"].as_str().unwrap().parse().unwrap();
    users.send_verification_email(id).await.unwrap();
    let token = application.mailed_token().await;
    let user = users.verify_email(&token, None).await.unwrap();
    assert!(user.verified);
    let again = users.verify_email(&token, None).await.unwrap_err();
    assert_eq!(again.code(), "invalid_token", "once");
}

/// "Request password reset": `requestPasswordReset(email)`, and "Reset password": `resetPassword(token, newPassword)`.
#[tokio::test]
async fn a_password_is_reset_by_mail() {
    let application = Application::new();
    application.register("users", EMAIL).await;
    let users = application.accounts.users();
    users.request_password_reset(EMAIL).await.unwrap();
    let token = application.mailed_token().await;
    users
        .reset_password(&token, "Another1password?")
        .await
        .unwrap();
    let login = |password: &str| json!({ "email": EMAIL, "password": password });
    let old = application
        .post("/api/users/login", None, login(PASSWORD))
        .await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    let new = application
        .post("/api/users/login", None, login("Another1password?"))
        .await;
    assert_eq!(new.status, StatusCode::OK);
}

/// "`/api/:collection/…`": several collections, whose users, tokens and keys never cross.
#[tokio::test]
async fn collections_live_side_by_side() {
    let application = Application::new();
    let user = application.register("users", EMAIL).await;
    let customer = application.register("customers", EMAIL).await;
    assert_ne!(
        user["user"]["id"], customer["user"]["id"],
        "two accounts, one address"
    );
    let crossed = application.get("/api/customers/me", &token(&user)).await;
    assert_eq!(crossed.status, StatusCode::UNAUTHORIZED);
    let refresh = json!({ "refreshToken": user["refreshToken"] });
    let crossed = application
        .post("/api/customers/refresh-token", None, refresh)
        .await;
    assert_eq!(crossed.status, StatusCode::UNAUTHORIZED);
}

/// The key's owner is an `AuthUser` with the key's scopes; with `[]` it may do nothing.
#[test]
fn scopes_are_on_the_user() {
    let all = AuthUser::builder(SchemeName::API_KEY, "u")
        .roles(["user"])
        .build();
    assert!(all.scopes().is_none() && all.allows("write"));
    let none = AuthUser::builder(SchemeName::API_KEY, "u").roles(["user"]);
    let none = none.scopes(Some("".parse().unwrap())).build();
    assert!(!none.allows("write") && !none.allows("read"));
    assert!(ApiKey::generate(&Default::default()).is_ok());
}
