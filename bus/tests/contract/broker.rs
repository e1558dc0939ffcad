//! A RabbitMQ for the tests: the one named in the environment, or a private one that ends with the test.

/// The variable that names a broker to use. Its content is not touched beyond names starting `drover-test/`.
const URL: &str = "DROVER_TEST_AMQP_URL";

pub(crate) struct Broker {
    pub(crate) url: String,
}

impl Broker {
    /// `None`, said plainly, when there is nothing to test on.
    pub(crate) async fn find() -> Option<Self> {
        if let Some(url) = base::environment::variable(URL) {
            return Some(Self { url });
        }
        None
    }
}
