//! What the example prints is what its comment says.

use std::process::Command;

#[test]
fn each_client_sees_its_grpc_status() {
    let output = Command::new(env!("CARGO_BIN_EXE_grpc-tonic"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    let expected = [
        "nobody: Unauthenticated (16) unauthenticated: ",
        "a guest, who may only read: PermissionDenied (7) forbidden: ",
        "a user, who may write: Ok (0) ",
        "the eleventh call: ResourceExhausted (8) rate_limited: ",
    ];
    assert_eq!(lines.len(), expected.len(), "{printed}");
    for (line, start) in lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}");
    }
}
