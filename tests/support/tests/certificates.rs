//! Throwaway certificates: what is in a folder of them.

use std::fs;

use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::{X509, X509StoreContext};
use rediscluster_test_support::certificates::{Certificates, Throwaway};

fn stack(certificates: &Certificates, name: &str) -> Vec<X509> {
    X509::stack_from_pem(&fs::read(certificates.file(name)).unwrap()).unwrap()
}

/// Whether an authority stands behind the first certificate of a file, by way of the others in it.
fn verify(certificates: &Certificates, store: &X509Store, name: &str) -> Result<(), String> {
    let mut chain = Stack::new().unwrap();
    let mut given = stack(certificates, name).into_iter();
    let first = given.next().unwrap();
    given.for_each(|one| chain.push(one).unwrap());
    let mut context = X509StoreContext::new().unwrap();
    let verified = context.init(store, &first, &chain, |context| {
        let good = context.verify_cert()?;
        Ok((good, context.error().error_string()))
    });
    match verified.unwrap() {
        (true, _) => Ok(()),
        (false, why) => Err(why.to_string()),
    }
}

#[test]
fn each_is_what_its_name_says() {
    let certificates = Throwaway::new().unwrap();
    let store = |name: &str| {
        let mut store = X509StoreBuilder::new().unwrap();
        let all = stack(&certificates, name);
        all.into_iter().for_each(|authority| store.add_cert(authority).unwrap());
        store.build()
    };
    let ca = store("ca.pem");
    for name in [
        "server",
        "server-rsa",
        "names",
        "wrong-name",
        "chain",
        "client",
        "client-rsa",
        "intermediate",
    ] {
        assert_eq!(verify(&certificates, &ca, &format!("{name}.pem")), Ok(()), "{name}");
        let key = fs::read(certificates.pair(name).unwrap().1).unwrap();
        let own = stack(&certificates, &format!("{name}.pem"))[0].public_key().unwrap();
        assert!(own.public_eq(&PKey::private_key_from_pem(&key).unwrap()), "{name}");
    }
    for (name, part) in [
        ("expired.pem", "has expired"),
        ("expired-client.pem", "has expired"),
        ("not-yet-valid.pem", "not yet valid"),
        ("self-signed.pem", "self"),
        ("other-server.pem", "issuer certificate"),
        ("other-client.pem", "issuer certificate"),
        ("chain-alone.pem", "issuer certificate"),
    ] {
        let why = verify(&certificates, &ca, name).unwrap_err();
        assert!(why.contains(part), "{name}: {why}");
    }
    let bundle = store("bundle.pem");
    for name in ["server.pem", "other-server.pem"] {
        assert_eq!(verify(&certificates, &bundle, name), Ok(()), "{name}");
    }
    for name in ["garbage.pem", "truncated.pem"] {
        let text = fs::read(certificates.file(name)).unwrap();
        assert!(X509::from_pem(&text).is_err(), "{name}");
    }
    assert_eq!(fs::read_dir(certificates.file("ca-folder")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(certificates.file("empty-folder")).unwrap().count(), 0);
}

#[test]
fn each_form_of_a_key_is_the_same_key() {
    let certificates = Throwaway::new().unwrap();
    let read = |name: String| fs::read(certificates.file(&name)).unwrap();
    let password = read("client.password".into());
    for (name, traditional) in [("client", "EC PRIVATE"), ("client-rsa", "RSA PRIVATE")] {
        let key = PKey::private_key_from_pem(&read(format!("{name}.key"))).unwrap();
        for (form, begins) in [
            ("traditional", traditional),
            ("encrypted", "ENCRYPTED PRIVATE"),
            ("encrypted-traditional", traditional),
        ] {
            let text = read(format!("{name}-{form}.key"));
            let shown = String::from_utf8_lossy(&text);
            assert!(shown.starts_with(&format!("-----BEGIN {begins} KEY")), "{shown}");
            assert_eq!(shown.contains("Proc-Type: 4,ENCRYPTED"), form == "encrypted-traditional");
            let opened = match form {
                "traditional" => PKey::private_key_from_pem(&text),
                _ => PKey::private_key_from_pem_passphrase(&text, &password),
            };
            assert!(opened.unwrap().public_eq(&key), "{name} {form}");
        }
    }
    assert!(Rsa::private_key_from_pem(&read("client-rsa.key".into())).is_ok());
    let unfit = PKey::private_key_from_pem(&read("unfit.key".into())).unwrap();
    let own = X509::from_pem(&read("client.pem".into())).unwrap().public_key().unwrap();
    assert!(!own.public_eq(&unfit));
}

#[test]
fn a_folder_is_filled_once_and_nothing_else_is_touched() {
    let certificates = Throwaway::new().unwrap();
    let folder = certificates.folder().to_path_buf();
    let before = fs::read(certificates.file("ca.pem")).unwrap();
    assert_eq!(Certificates::open(&folder).unwrap(), *certificates);
    assert_eq!(fs::read(certificates.file("ca.pem")).unwrap(), before);
    assert!(certificates.pair("nobody").unwrap_err().contains("holds no nobody.pem"));

    // Many at once: the folder of one of them, whole.
    let many = folder.join("empty-folder");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| Certificates::open(&many).unwrap().pair("other-client").unwrap());
        }
    });
    let left = fs::read_dir(&folder).unwrap().flatten();
    assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("folder.")));

    let foreign = folder.join("ca-folder");
    assert!(Certificates::open(&foreign).unwrap_err().contains("holds something else"));
    drop(certificates);
    assert!(!folder.exists());
}
