"""What whoever is on call looks at, as plain data: `aws` and `lines` (what there is), `dashboard`, `alarms`, `queries`.

`cdk_app.stacks.monitoring` turns it into CloudFormation, `RUNBOOK.md` says what to do; tests hold the three together,
and against what a run really writes. Nothing here knows CDK.
"""
