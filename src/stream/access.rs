//! What to do about a broker that TLS or SASL keeps this client from.
//!
//! librdkafka tells such an error as text; its code says only that a connection failed.

/// What a failed connection says, in words of librdkafka, OpenSSL or the broker, and what to do about it. The first that
/// fits counts.
const ADVICE: &[(&str, &str)] = &[
    // With 1.3 the server says so only after the handshake; before it, it ends the handshake.
    ("certificate required", CLIENT_CERTIFICATE),
    ("handshake failure", CLIENT_CERTIFICATE),
    ("bad certificate", CLIENT_CERTIFICATE),
    (
        "unknown ca",
        "the brokers don't trust the authority of this client's certificate: have it signed by one that they trust",
    ),
    (
        "certificate verify failed",
        "set ssl.ca.location to the PEM file of the authority that signed the brokers' certificates; where that is a public \
         one, install the system's package ca-certificates; and bootstrap.servers must name the brokers as their certificates do",
    ),
    (
        "unsupported sasl mechanism",
        "set sasl.mechanism to one that the brokers have: the message or their configuration names them",
    ),
    ("failed to acquire sasl oauthbearer token", TOKEN),
    ("with sasl mechanism oauthbearer", TOKEN),
    ("sasl authentication error", CREDENTIALS),
    ("mechanism handshake failed", CREDENTIALS),
    ("connecting to a plaintext broker listener", PLAIN_PORT),
    ("wrong version number", PLAIN_PORT),
    ("unexpected eof while reading", PLAIN_PORT),
    (
        "connecting to a ssl listener",
        "the port may want TLS: set security.protocol to \"ssl\" or \"sasl_ssl\", or name the port that takes plain connections",
    ),
];

const CLIENT_CERTIFICATE: &str = "the brokers want a certificate of this client, signed by an authority that they trust: set \
                                  ssl.certificate.location and ssl.key.location, or ssl.keystore.location";
const CREDENTIALS: &str =
    "check sasl.username, sasl.password and sasl.mechanism, and that the brokers know this user with that mechanism";
const PLAIN_PORT: &str = "the port takes no TLS, it seems: set security.protocol to \"plaintext\" or \"sasl_plaintext\", or name \
                          the port that takes it";
const TOKEN: &str = "check sasl.oauthbearer.method and the other sasl.oauthbearer properties, and that the brokers take tokens \
                     of that issuer";

/// What to do about a connection that failed with this text, if TLS or SASL is what it failed by.
pub(super) fn advice(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    ADVICE.iter().find(|(says, _)| text.contains(says)).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_be_kept_out_has_its_own_advice() {
        for (text, named) in [
            (
                "ssl://b:9093/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker \
                 certificate could not be verified, verify that ssl.ca.location is correctly configured",
                "ssl.ca.location",
            ),
            (
                "ssl://b:9093/1: error:0A00045C:SSL routines::tlsv13 alert certificate required: SSL alert number 116",
                "ssl.key.location",
            ),
            (
                "sasl_ssl://b:9094/bootstrap: SASL authentication error: Authentication failed during authentication due to \
                 invalid credentials with SASL mechanism SCRAM-SHA-512 (after 300ms in state AUTH_REQ)",
                "sasl.password",
            ),
            (
                "sasl_ssl://b:9094/bootstrap: SASL GSSAPI mechanism handshake failed: Broker: Unsupported SASL mechanism: \
                 broker's supported mechanisms: PLAIN",
                "set sasl.mechanism",
            ),
            ("sasl_ssl://b/1: Failed to acquire SASL OAUTHBEARER token: no", "sasl.oauthbearer.method"),
            (
                "ssl://b:9092/bootstrap: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?",
                "takes no TLS",
            ),
            (
                "sasl_ssl://b:9092/bootstrap: SSL handshake failed: error:0A000126:SSL routines::unexpected eof while reading",
                "takes no TLS",
            ),
            (
                "b:9093/bootstrap: Disconnected: verify that security.protocol is correctly configured, connecting to a SSL listener?",
                "may want TLS",
            ),
        ] {
            let advice = advice(text).unwrap_or_else(|| panic!("nothing is said of {text}"));
            assert!(advice.contains(named), "{text}: {advice}");
        }
    }

    #[test]
    fn a_broker_that_is_down_is_no_matter_of_tls_or_sasl() {
        for text in [
            "sasl_ssl://b:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused",
            "they do not answer in time",
        ] {
            assert_eq!(advice(text), None, "{text}");
        }
    }
}
