"""IAM: roles and their policies."""

from __future__ import annotations

from typing import Any

from ..aws import Aws
from ..kind import Inputs, Kind, Made, Put, forbid_another


class Role(Kind):
    replace = frozenset({"name", "path"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        args: dict[str, Any] = {
            "RoleName": inputs["name"],
            "AssumeRolePolicyDocument": inputs["assumeRolePolicy"],
            "Path": inputs.get("path", "/"),
            "Description": inputs.get("description", ""),
            "MaxSessionDuration": inputs.get("maxSessionDuration", 3600),
            "Tags": [{"Key": k, "Value": v} for k, v in inputs.get("tags", {}).items()],
        }
        return _role(aws.client("iam").create_role(**args)["Role"])

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        iam = aws.client("iam")
        iam.update_assume_role_policy(RoleName=id, PolicyDocument=new["assumeRolePolicy"])
        iam.update_role(
            RoleName=id,
            Description=new.get("description", ""),
            MaxSessionDuration=new.get("maxSessionDuration", 3600),
        )
        gone = set(old.get("tags", {})) - set(new.get("tags", {}))
        if gone:
            iam.untag_role(RoleName=id, TagKeys=sorted(gone))
        if new.get("tags"):
            iam.tag_role(RoleName=id, Tags=[{"Key": k, "Value": v} for k, v in new["tags"].items()])
        return _role(iam.get_role(RoleName=id)["Role"]).outputs

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        iam = aws.client("iam")
        for name in iam.list_role_policies(RoleName=id)["PolicyNames"]:
            iam.delete_role_policy(RoleName=id, PolicyName=name)
        for policy in iam.list_attached_role_policies(RoleName=id)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=id, PolicyArn=policy["PolicyArn"])
        iam.delete_role(RoleName=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        role = aws.client("iam").get_role(RoleName=inputs["name"])["Role"]
        forbid_another(f"The role {inputs['name']}", {"path": role["Path"]}, {"path": inputs.get("path", "/")})
        return Made(inputs["name"], self.update(aws, inputs["name"], {}, inputs) | _role(role).outputs)

    def read(self, aws: Aws, id: str) -> dict[str, Any]:
        return _role(aws.client("iam").get_role(RoleName=id)["Role"]).outputs


def _role(role: dict[str, Any]) -> Made:
    outputs = {
        "arn": role["Arn"],
        "name": role["RoleName"],
        "uniqueId": role["RoleId"],
        "createDate": str(role["CreateDate"]),
    }
    return Made(role["RoleName"], outputs)


class RolePolicy(Put):
    replace = frozenset({"role", "name"})
    identity = frozenset({"role", "name"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        aws.client("iam").put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )
        return Made(f"{inputs['role']}:{inputs['name']}")

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        role, _, name = id.partition(":")
        aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


class RolePolicyAttachment(Put):
    replace = frozenset({"role", "policyArn"})
    identity = frozenset({"role", "policyArn"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        aws.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return Made(f"{inputs['role']}/{inputs['policyArn']}")

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        role, _, arn = id.partition("/")
        aws.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


class Policy(Kind):
    replace = frozenset({"name", "path", "description"})
    identity = frozenset({"name"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        policy = aws.client("iam").create_policy(
            PolicyName=inputs["name"],
            Path=inputs.get("path", "/"),
            Description=inputs.get("description", ""),
            PolicyDocument=inputs["policy"],
        )["Policy"]
        return _policy(policy)

    def update(self, aws: Aws, id: str, old: Inputs, new: Inputs) -> dict[str, Any]:
        iam = aws.client("iam")
        for version in iam.list_policy_versions(PolicyArn=id)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
        iam.create_policy_version(PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)
        return {"arn": id}

    def delete(self, aws: Aws, id: str, inputs: Inputs) -> None:
        iam = aws.client("iam")
        for version in iam.list_policy_versions(PolicyArn=id)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=id)

    def find(self, aws: Aws, inputs: Inputs) -> Made | None:
        arn = f"arn:aws:iam::{aws.account}:policy{inputs.get('path', '/')}{inputs['name']}"
        policy = aws.client("iam").get_policy(PolicyArn=arn)["Policy"]
        text = "description"
        forbid_another(f"The policy {arn}", {text: policy.get("Description", "")}, {text: inputs.get(text, "")})
        self.update(aws, arn, {}, inputs)
        return _policy(policy)


def _policy(policy: dict[str, Any]) -> Made:
    return Made(policy["Arn"], {"arn": policy["Arn"], "name": policy["PolicyName"], "policyId": policy["PolicyId"]})


KINDS = {
    "Role": Role(),
    "RolePolicy": RolePolicy(),
    "RolePolicyAttachment": RolePolicyAttachment(),
    "Policy": Policy(),
}
