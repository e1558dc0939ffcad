//! A launch config's `launchConfig`, parameters of `RunInstances` as JSON, in the query protocol:
//! `{"Placement": {"Tenancy": "host"}, "SecurityGroupIds": ["sg-1"]}` is `Placement.Tenancy=host&SecurityGroupId.1=sg-1`.

use serde_json::{Map, Value};

use super::{client::Fields, error::config_error};
use crate::provider::ProviderResult;

/// Real launch configs have two or three levels.
const MAX_DEPTH: usize = 10;
/// EC2 takes a few hundred at most.
const MAX_FIELDS: usize = 2000;

/// Parameters of `RunInstances` whose name in a request is another one. Compared with the model of botocore by
/// `tests/client/test_ec2_model.py`.
const NAMES: &[(&str, &str)] = &[
    ("BlockDeviceMappings", "BlockDeviceMapping"),
    ("Ipv6Addresses", "Ipv6Address"),
    ("Monitoring.MetricCategoryIds", "MetricCategoryId"),
    ("SecurityGroupIds", "SecurityGroupId"),
    ("SecurityGroups", "SecurityGroup"),
    ("ElasticInferenceAccelerators", "ElasticInferenceAccelerator"),
    ("TagSpecifications", "TagSpecification"),
    ("TagSpecifications.Tags", "Tag"),
    ("LicenseSpecifications", "LicenseSpecification"),
    ("SecondaryInterfaces", "SecondaryInterface"),
    ("SecondaryInterfaces.PrivateIpAddresses", "PrivateIpAddress"),
    ("NetworkInterfaces", "NetworkInterface"),
    ("NetworkInterfaces.Groups", "SecurityGroupId"),
    ("NetworkInterfaces.Ipv4Prefixes", "Ipv4Prefix"),
    ("NetworkInterfaces.Ipv6Prefixes", "Ipv6Prefix"),
];

/// Names that are not in the table go as they are: EC2 refuses those that it does not know, and gets new ones.
pub(super) fn flatten(parameters: &Map<String, Value>) -> ProviderResult<Fields> {
    let mut fields = Fields::default();
    for (name, value) in parameters {
        add(&mut fields, name, wire_name(name), value, 1)?;
    }
    Ok(fields)
}

/// `path`: as in the launch config, without numbers; `prefix`: as in the request.
fn add(fields: &mut Fields, path: &str, prefix: &str, value: &Value, depth: usize) -> ProviderResult<()> {
    if depth > MAX_DEPTH || fields.iter().count() >= MAX_FIELDS {
        let message =
            format!("`launchConfig` is too large at `{path}`: at most {MAX_DEPTH} levels and {MAX_FIELDS} values");
        return Err(config_error("InvalidLaunchConfig", message));
    }
    match value {
        Value::Null => {}
        Value::Bool(flag) => fields.set(prefix, flag.to_string()),
        Value::Number(number) => fields.set(prefix, number.to_string()),
        Value::String(text) => fields.set(prefix, text.as_str()),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                add(fields, path, &format!("{prefix}.{}", at + 1), item, depth + 1)?;
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{path}.{name}");
                let prefix = format!("{prefix}.{}", wire_name(&path));
                add(fields, &path, &prefix, member, depth + 1)?;
            }
        }
    }
    Ok(())
}

fn wire_name(path: &str) -> &str {
    let own = path.rsplit('.').next().unwrap_or(path);
    NAMES.iter().find(|(known, _)| *known == path).map_or(own, |(_, wire)| wire)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    fn flat(value: &Value) -> ProviderResult<String> {
        let fields = flatten(value.as_object().unwrap())?;
        let lines: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        Ok(lines.concat())
    }

    #[test]
    fn nested_parameters_become_numbered_names() {
        let parameters = json!({
            "ImageId": "ami-1",
            "EbsOptimized": true,
            "SecurityGroupIds": ["sg-1", "sg-2"],
            "Placement": { "Tenancy": "default", "PartitionNumber": 3 },
            "BlockDeviceMappings": [{ "DeviceName": "/dev/sda1", "Ebs": { "VolumeSize": 40, "DeleteOnTermination": true } }],
            "NetworkInterfaces": [{
                "DeviceIndex": 0,
                "Groups": ["sg-3"],
                "PrivateIpAddresses": [{ "Primary": true, "PrivateIpAddress": "10.0.0.4" }],
            }],
            "InstanceMarketOptions": { "MarketType": "spot", "SpotOptions": { "MaxPrice": "0.5" } },
            "KeyName": null,
        });
        expect![[r"
            BlockDeviceMapping.1.DeviceName=/dev/sda1
            BlockDeviceMapping.1.Ebs.DeleteOnTermination=true
            BlockDeviceMapping.1.Ebs.VolumeSize=40
            EbsOptimized=true
            ImageId=ami-1
            InstanceMarketOptions.MarketType=spot
            InstanceMarketOptions.SpotOptions.MaxPrice=0.5
            NetworkInterface.1.DeviceIndex=0
            NetworkInterface.1.SecurityGroupId.1=sg-3
            NetworkInterface.1.PrivateIpAddresses.1.Primary=true
            NetworkInterface.1.PrivateIpAddresses.1.PrivateIpAddress=10.0.0.4
            Placement.PartitionNumber=3
            Placement.Tenancy=default
            SecurityGroupId.1=sg-1
            SecurityGroupId.2=sg-2
        "]]
        .assert_eq(&flat(&parameters).unwrap());
    }

    #[test]
    fn a_launch_config_that_is_too_deep_or_too_large_is_refused() {
        let deep = (0..50).fold(json!(1), |inner, _| json!({ "A": inner }));
        assert!(flat(&deep).unwrap_err().to_string().contains("launchConfig"));
        let large = json!({ "A": vec![1; 3000] });
        assert!(flat(&large).unwrap_err().to_string().contains("launchConfig"));
    }
}
