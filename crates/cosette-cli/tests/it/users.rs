//! Users: made and unmade in one process, signing in another, on a server that keeps running.

use serde_json::Value;

use crate::world::{BUCKET, Server, World, cos, text};

/// Runs a command as a user, over the network.
fn tried(world: &World, server: &Server, keys: &Value, args: &[&str]) -> (i32, String) {
    let mut command = world.command(args);
    command.args(["--endpoint", &server.url]);
    command.env("COSETTE_SECRET_ID", text(keys, "SecretId"));
    command.env("COSETTE_SECRET_KEY", text(keys, "SecretKey"));
    if let Some(token) = keys["Token"].as_str() {
        command.env("COSETTE_TOKEN", token);
    }
    let ran = command.output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    (ran.status.code().unwrap(), told)
}

#[test]
fn a_user_is_made_given_a_right_and_unmade_while_a_server_runs() {
    let world = World::with_bucket();
    world.put("k", "bytes");
    let server = world.serve();
    let made = world.json(&["user", "create", "ann"]);
    assert_eq!(
        (text(&made, "Name"), &made["Enabled"]),
        ("ann", &Value::Bool(true))
    );
    let keys = world.json(&["user", "key", "create", "ann"]);
    let reads = |keys: &Value| tried(&world, &server, keys, &["cat", &cos("k")]);
    assert_eq!(reads(&keys).0, 4);
    let policy = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":["cos:GetObject","cos:HeadObject"],
        "resource":["qcs::cos:*:uid/*:{BUCKET}/*"]}}]}}"#
    );
    let file = world.file("policy.json", &policy);
    world.ok(&["user", "policy", "put", "ann", "reader", &file]);
    assert_eq!(reads(&keys), (0, "bytes".to_owned()));
    assert_eq!(
        text(
            &world.json(&["user", "policy", "get", "ann", "reader"]),
            "Policy"
        ),
        policy
    );
    let session = world.json(&["user", "token", "ann", "--duration", "600"]);
    assert_eq!(reads(&session).0, 0);
    // The secret key came out once, and is in none of the other answers.
    let secret = text(&keys, "SecretKey");
    for shown in [&["user", "list"][..], &["user", "key", "list", "ann"][..]] {
        let ran = world.ok(shown);
        assert!(
            ran.stdout.contains("AKID") || ran.stdout.contains("ann"),
            "{}",
            ran.stdout
        );
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
    }
    let rotated = world.json(&["user", "key", "rotate", "ann"]);
    assert_eq!((reads(&keys).0, reads(&rotated).0), (4, 0));
    world.ok(&["user", "disable", "ann"]);
    assert_eq!(reads(&rotated).0, 4);
    world.ok(&["user", "enable", "ann"]);
    assert_eq!(reads(&rotated).0, 0);
    // What is kept is kept: the next server knows the same users.
    assert_eq!(server.stop(), Some(0));
    let server = world.serve();
    assert_eq!(tried(&world, &server, &rotated, &["cat", &cos("k")]).0, 0);
    world.ok(&["user", "delete", "ann"]);
    assert_eq!(tried(&world, &server, &rotated, &["cat", &cos("k")]).0, 4);
    assert_eq!(server.stop(), Some(0));
    assert_eq!(world.json(&["user", "list"]), Value::Array(Vec::new()));
}

#[test]
fn what_is_wrong_with_a_user_is_told() {
    let world = World::new();
    // Without a server the command has the folder itself; what it says must come out all the same.
    assert_eq!(text(&world.json(&["user", "create", "ann"]), "Name"), "ann");
    let keys = world.json(&["user", "key", "create", "ann"]);
    assert!(text(&keys, "SecretId").starts_with("AKID"));
    assert_eq!(
        world.refused(5, &["user", "create", "ann"])["kind"],
        "precondition"
    );
    assert_eq!(
        world.refused(3, &["user", "disable", "bob"])["kind"],
        "notFound"
    );
    assert_eq!(
        world.refused(2, &["user", "create", "a/b"])["kind"],
        "usage"
    );
    let file = world.file("policy.json", "{}");
    let told = world.refused(2, &["user", "policy", "put", "ann", "p", &file]);
    assert!(text(&told, "error").contains("Version"), "{told}");
    let elsewhere = ["user", "list", "--endpoint", "http://127.0.0.1:1"];
    assert_eq!(world.refused(2, &elsewhere)["kind"], "usage");
}

#[test]
fn a_buckets_policy_is_set_shown_and_removed() {
    let world = World::with_bucket();
    let policy = format!(
        r#"{{"version":"2.0","statement":{{"effect":"allow","principal":"*","action":"cos:GetObject",
        "resource":"qcs::cos:*:uid/*:{BUCKET}/*"}}}}"#
    );
    let file = world.file("policy.json", &policy);
    world.api("put-bucket-policy", &["--policy", &file]);
    let told = world.api("get-bucket-policy", &[]);
    assert_eq!(text(&told, "Policy"), policy);
    world.api("delete-bucket-policy", &[]);
    world.api_refused(3, "get-bucket-policy", &[]);
}
