//! Settings: one struct per area, whose doc comments are the manual.
//!
//! Layers, each over the one before: the defaults in the code, one TOML file, environment variables
//! (`DROVER__SECTION__FIELD`), and command-line flags. An unknown key is an error in every layer. A struct can be
//! extended by sections that other parts of the program declare ([`Section`]).

mod error;
mod kinds;
mod layer;
mod load;
mod manual;
mod section;

pub use error::SettingsError;
pub use kinds::{ConfigDuration, InvalidDuration, Secret};
pub use load::{Loaded, Loader};
pub use manual::{Entry, Field, Items, Kind, entries};
pub use section::{Section, Sections};

/// A struct made with [`settings!`](crate::settings!).
pub trait Settings: Default + serde::Serialize + serde::de::DeserializeOwned {
    /// The lines of the struct's doc comment.
    const ABOUT: &'static [&'static str];
    /// Its fields, in the order of the code.
    const FIELDS: &'static [Field];
}

/// Defines a struct of settings from its fields, their doc comments and their defaults.
///
/// `name: Type = default` is a value; `name: Type` alone is a section, a struct written with this macro. In
/// `name: Vec<Item> = default => Item` such a struct is what the list holds.
/// The struct is `Debug`, `Clone`, `Default`, read by serde with unknown fields refused, and knows its own manual.
///
/// ```
/// base::settings! {
///     /// The HTTP API.
///     pub struct ApiSettings {
///         /// Address and port to listen on.
///         pub listen: String = "127.0.0.1:8080".to_owned(),
///     }
/// }
/// base::settings! {
///     /// Everything.
///     pub struct Whole {
///         /// The HTTP API.
///         pub api: ApiSettings,
///     }
/// }
/// let whole = Whole::default();
/// assert_eq!(whole.api.listen, "127.0.0.1:8080");
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[doc = $about:literal])*
        $visible:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $field_visible:vis $field:ident : $kind:ty $(= $default:expr)? $(=> $item:ty)?
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, $crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "base::serde", default, deny_unknown_fields)]
        $visible struct $name {
            $( $(#[doc = $doc])* $field_visible $field : $kind, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $crate::settings!(@default $($default)?), )* }
            }
        }

        impl $crate::settings::Settings for $name {
            const ABOUT: &'static [&'static str] = &[$($about),*];
            const FIELDS: &'static [$crate::settings::Field] = &[
                $( $crate::settings::Field {
                    name: stringify!($field),
                    doc: &[$($doc),*],
                    kind: $crate::settings!(@kind $kind $(= $default)?),
                    items: $crate::settings!(@items $($item)?),
                }, )*
            ];
        }
    };
    (@default $default:expr) => { $default };
    (@default) => { Default::default() };
    (@items $item:ty) => { Some($crate::settings::Items::of::<$item>()) };
    (@items) => { None };
    (@kind $kind:ty = $default:expr) => { $crate::settings::Kind::Value(stringify!($kind)) };
    (@kind $kind:ty) => { $crate::settings::Kind::Section(<$kind as $crate::settings::Settings>::FIELDS) };
}
