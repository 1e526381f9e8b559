//! Servers whose certificate is signed by an authority of their owner's.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::world::{BUCKET, Server, World, text};

/// A server with a certificate for this machine, and the file of the authority that signed it.
fn serve(world: &World) -> (Server, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let signing = KeyPair::generate().unwrap();
    let ca = authority.self_signed(&signing).unwrap().pem();
    let own = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let issuer = Issuer::from_params(&authority, signing);
    let signed = certificate.signed_by(&own, &issuer).unwrap().pem();
    let ca = world.file("ca.pem", ca);
    let chain = world.file("chain.pem", signed);
    let key = world.file("key.pem", own.serialize_pem());
    let server = world.serve_with(&["--tls-cert", &chain, "--tls-key", &key]);
    (server, ca)
}

#[test]
fn an_authority_of_ones_own_is_trusted_where_it_is_named() {
    let world = World::with_bucket()
        .set("COSETTE_SECRET_ID", "AKIDsecond")
        .set("COSETTE_SECRET_KEY", "secondsecret");
    let (server, ca) = serve(&world);
    let list = ["ls", "--endpoint", &server.url];
    let told = world.refused(6, &list);
    assert!(text(&told, "error").contains("--ca-file"), "{told}");
    world.ok(&[&list[..], &["--ca-file", &ca]].concat());
    // What is kept in a profile is found from everywhere.
    world.ok(&[
        "config",
        "init",
        "--from-env",
        "--profile",
        "team",
        "--endpoint",
        &server.url,
        "--ca-file",
        &ca,
    ]);
    world.ok(&["ls", "--profile", "team"]);
    assert_eq!(
        world.json(&["config", "show", "--profile", "team"])["ca_file"],
        ca
    );
    let world = world.set("COSETTE_CA_FILE", &ca);
    world.ok(&list);
    for (name, wrong) in [("none.pem", "nothing"), ("bad.pem", BAD)] {
        let file = world.file(name, wrong);
        let told = world.refused(2, &[&list[..], &["--ca-file", &file]].concat());
        assert!(text(&told, "error").contains(name), "{told}");
    }
    let told = world.refused(9, &[&list[..], &["--ca-file", "missing.pem"]].concat());
    assert!(text(&told, "error").contains("missing.pem"), "{told}");
}

const BAD: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

#[test]
fn the_wrong_scheme_is_said() {
    let world = World::with_bucket()
        .set("COSETTE_SECRET_ID", "AKIDsecond")
        .set("COSETTE_SECRET_KEY", "secondsecret");
    let head = |url: &str| {
        let words = ["api", "head-object", "--bucket", BUCKET, "--key", "a"];
        world.refused(6, &[&words[..], &["--endpoint", url]].concat())
    };
    let plain = world.serve();
    let told = head(&plain.url.replace("http://", "https://"));
    assert!(text(&told, "error").contains("write http://"), "{told}");
    drop(plain);
    let (server, _) = serve(&world);
    let told = head(&server.url.replace("https://", "http://"));
    assert!(text(&told, "error").contains("write https://"), "{told}");
}
