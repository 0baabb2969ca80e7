//! What the compiler says when a bound is missing: our own words, which name the mend.
//!
//! The compiler is asked directly and its answer searched for the sentences that are ours. A comparison of its whole answer, as
//! `trybuild` makes, would fail with every release of the compiler that words or draws an error otherwise.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// The compiled core and its dependencies.
static LIBRARIES: LazyLock<Vec<(String, PathBuf)>> = LazyLock::new(libraries);

fn libraries() -> Vec<(String, PathBuf)> {
    let output = Command::new(env!("CARGO"))
        .args([
            "check",
            "--quiet",
            "--offline",
            "--package",
            "portcullis-core",
            "--message-format",
            "json",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let messages = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|artifact| {
            let name = artifact["target"]["name"].as_str()?.replace('-', "_");
            let files = artifact["filenames"].as_array()?.iter();
            let file = files
                .filter_map(Value::as_str)
                .find(|file| file.ends_with(".rmeta"))?;
            Some((name, PathBuf::from(file)))
        })
        .collect()
}

/// Compiles `program` against the core; `Err` is what the compiler says.
fn compile(name: &str, program: &str) -> Result<(), String> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = directory.join(format!("{name}.rs"));
    std::fs::write(
        &source,
        format!("#![allow(unused)]\n{program}\nfn main() {{}}\n"),
    )
    .unwrap();
    let mut rustc = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| String::from("rustc")));
    rustc.args([
        "--edition",
        "2024",
        "--crate-type",
        "lib",
        "--emit",
        "metadata",
        "--out-dir",
    ]);
    rustc.arg(directory).arg(&source);
    for name in ["portcullis_core", "http", "tower_layer", "tower_service"] {
        let (_, file) = LIBRARIES
            .iter()
            .find(|(library, _)| library == name)
            .unwrap();
        rustc
            .arg("--extern")
            .arg(format!("{name}={}", file.display()));
        rustc
            .arg("-L")
            .arg(format!("dependency={}", file.parent().unwrap().display()));
    }
    let output = rustc.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(())
    } else {
        Err(said)
    }
}

const SERVICE: &str = r#"
    use std::{convert::Infallible, future::{Ready, ready}, task::{Context, Poll}};
    use http::{Request, Response};
    use portcullis_core::{AuthnLayer, authenticated, require};
    use tower_layer::Layer;
    use tower_service::Service;

    struct Inner;
    impl Service<Request<()>> for Inner {
        type Response = Response<String>;
        type Error = Infallible;
        type Future = Ready<Result<Response<String>, Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> { Poll::Ready(Ok(())) }
        fn call(&mut self, _: Request<()>) -> Self::Future { ready(Ok(Response::new(String::new()))) }
    }
    fn serve<S: Service<Request<()>>>(_: S) {}
"#;

#[test]
fn a_guard_asks_nothing_of_a_service_but_that_it_speaks_http() {
    let program = format!("{SERVICE} fn go() {{ serve(require(authenticated()).layer(Inner)); }}");
    compile("guard", &program).unwrap();
}

#[test]
fn a_service_that_cannot_be_cloned_is_named() {
    let program = format!("{SERVICE} fn go() {{ serve(AuthnLayer::new().layer(Inner)); }}");
    let said = compile("not_clone", &program).unwrap_err();
    assert!(
        said.contains("the trait bound `Inner: Clone` is not satisfied"),
        "{said}"
    );
    compile(
        "clone",
        &program.replace("struct Inner;", "#[derive(Clone)] struct Inner;"),
    )
    .unwrap();
}

#[test]
fn what_is_no_scheme_is_told_how_to_become_one() {
    let program = "fn go() { portcullis_core::AuthnLayer::new().scheme(\"jwt\"); }";
    let said = compile("no_scheme", program).unwrap_err();
    assert!(said.contains("`&str` is not a scheme"), "{said}");
    assert!(said.contains("from_async_fn"), "{said}");
}

#[test]
fn what_is_no_renderer_is_told_how_to_become_one() {
    let program = "fn go() { portcullis_core::AuthnLayer::new().renderer(|| ()); }";
    let said = compile("no_renderer", program).unwrap_err();
    assert!(
        said.contains("is not a renderer") && said.contains("render_fn"),
        "{said}"
    );
}
