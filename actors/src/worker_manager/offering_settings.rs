//! What an operator can set about the machines that a provider sells.

base::settings! {
    /// Some of the machines that a provider sells. Without a region, type or market it concerns those of all. A launch config
    /// without a price is selected by its weight, and so are all others of its pool: give prices of on-demand machines of AWS
    /// here, those of spot machines are fetched.
    pub struct OfferingSettings {
        /// The region, or location; `*`: all.
        pub region: String = "*".to_owned(),
        /// The type of the machines, such as `m5.large`; `*`: all.
        pub instance_type: String = "*".to_owned(),
        /// `spot` or `on-demand`; `*`: both.
        pub market: String = "*".to_owned(),
        /// US dollars that one machine costs in an hour, instead of what the provider says. 0: not set.
        pub price: f64 = 0.0,
        /// The highest price at which machines are launched. 0: any.
        pub price_limit: f64 = 0.0,
        /// How fast the machines are, compared with others. 0: not set, which is as 1.
        pub utility: f64 = 0.0,
        /// What their price is multiplied by before it is compared: above 1 they are avoided. 0: not set, which is as 1.
        pub bias: f64 = 0.0,
    }
}
