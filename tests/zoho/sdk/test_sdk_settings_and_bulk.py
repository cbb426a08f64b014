"""The SDK's samples about the account: users, org, modules, fields, lists, layouts, and bulk jobs."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
from zohocrmsdk.src.com.zoho.crm.api.bulk_read import (
    BodyWrapper,
    BulkReadOperations,
    Criteria,
    Query,
)
from zohocrmsdk.src.com.zoho.crm.api.bulk_write import (
    BulkWriteOperations,
    FieldMapping,
    FileBodyWrapper,
    RequestWrapper,
    Resource,
    UploadFileHeader,
)
from zohocrmsdk.src.com.zoho.crm.api.custom_views import CustomViewsOperations, GetCustomViewsParam
from zohocrmsdk.src.com.zoho.crm.api.fields import FieldsOperations, GetFieldsParam, MinifiedField
from zohocrmsdk.src.com.zoho.crm.api.layouts import GetLayoutsParam, LayoutsOperations
from zohocrmsdk.src.com.zoho.crm.api.modules import MinifiedModule, ModulesOperations
from zohocrmsdk.src.com.zoho.crm.api.org import OrgOperations
from zohocrmsdk.src.com.zoho.crm.api.profiles import ProfilesOperations
from zohocrmsdk.src.com.zoho.crm.api.related_lists import GetRelatedListsParam, RelatedListsOperations
from zohocrmsdk.src.com.zoho.crm.api.roles import RolesOperations
from zohocrmsdk.src.com.zoho.crm.api.users import GetUsersParam, UsersOperations
from zohocrmsdk.src.com.zoho.crm.api.util import Choice, StreamWrapper

from .conftest import Stream, body, headers, params


@pytest.mark.parametrize("kind", ["CurrentUser", "ActiveUsers", "AdminUsers"])
def test_users_by_type(sdk: Any, kind: str) -> None:
    users = body(UsersOperations().get_users(params({GetUsersParam.type: kind}), headers({}))).get_users()
    assert all(user.get_status() == "active" or user.get_status().get_value() == "active" for user in users)
    one = body(UsersOperations().get_user(users[0].get_id(), headers({}))).get_users()[0]
    assert one.get_email() == users[0].get_email()


def test_the_org_tells_its_kind_and_edition(sdk: Any) -> None:
    org = body(OrgOperations().get_organization()).get_org()[0]
    assert org.get_license_details().get_paid_type() == "enterprise"
    assert org.get_zgid()


def test_modules_fields_lists_layouts_and_views(sdk: Any) -> None:
    modules = body(ModulesOperations().get_modules(params({}), headers({}))).get_modules()
    contracts = next(one for one in modules if one.get_api_name() == "Contracts")
    assert contracts.get_generated_type().get_value() == "custom"
    assert body(ModulesOperations().get_module_by_api_name("Contracts")).get_modules()[0].get_deletable() is True
    fields = body(FieldsOperations().get_fields(params({GetFieldsParam.module: "Contracts"}))).get_fields()
    assert {one.get_data_type() for one in fields} >= {"lookup", "subform", "multiselectlookup", "fileupload"}
    asked = params({GetRelatedListsParam.module: "Contracts"})
    lists = body(RelatedListsOperations().get_related_lists(asked)).get_related_lists()
    assert [one.get_api_name() for one in lists][:2] == ["Notes", "Attachments"]
    layouts = body(LayoutsOperations().get_layouts(params({GetLayoutsParam.module: "Contracts"}))).get_layouts()
    assert len(layouts[0].get_sections()[0].get_fields()) == len(fields)
    views = body(CustomViewsOperations().get_custom_views(params({GetCustomViewsParam.module: "Contracts"})))
    assert views.get_custom_views()[0].get_name() == "All Contracts"


def test_profiles_and_roles(sdk: Any) -> None:
    profiles = body(ProfilesOperations().get_profiles(params({}))).get_profiles()
    whole = body(ProfilesOperations().get_profile(profiles[0].get_id())).get_profiles()[0]
    rights = {right.get_name(): right.get_enabled() for right in whole.get_permissions_details()}
    assert rights["Crm_Implied_Delete_CustomModule3"] is True
    assert len(body(RolesOperations().get_roles()).get_roles()) == 2


def test_bulk_read_is_ordered_polled_and_downloaded(sdk: Any) -> None:
    module, field, criteria, query, request = MinifiedModule(), MinifiedField(), Criteria(), Query(), BodyWrapper()
    module.set_api_name("Contracts")
    field.set_api_name("Contract_Number")
    criteria.set_field(field)
    criteria.set_comparator(Choice("starts_with"))
    criteria.set_value("HT-")
    query.set_module(module)
    query.set_fields(["Name", "Contract_Number", "Account.Account_Name"])
    query.set_criteria(criteria)
    request.set_query(query)
    operations = BulkReadOperations()
    added = body(operations.create_bulk_read_job(request), 201).get_data()[0]
    job = int(added.get_details()["id"])
    assert body(operations.get_bulk_read_job_details(job)).get_data()[0].get_state().get_value() == "ADDED"
    sdk.clock.advance(5)
    done = body(operations.get_bulk_read_job_details(job)).get_data()[0]
    assert (done.get_state().get_value(), done.get_result().get_count()) == ("COMPLETED", 30)
    content = b"".join(body(operations.download_result(job)).get_file().get_stream())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read(f"{job}.csv").decode())))
    assert [int(row["Id"]) for row in rows] == sdk.ids()
    assert all(row["Account.Account_Name"] for row in rows)


def test_bulk_write_inserts_the_rows_of_a_zip(sdk: Any) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("rows.csv", "Name,External_Id\nFirst,b-1\nSecond,b-2\n")
    operations, file = BulkWriteOperations(), FileBodyWrapper()
    file.set_file(StreamWrapper("rows.zip", Stream("rows.zip", content.getvalue())))
    named = headers({UploadFileHeader.feature: "bulk-write", UploadFileHeader.x_crm_org: "60001234567"})
    uploaded = body(operations.upload_file(file, named))
    request, resource, module = RequestWrapper(), Resource(), MinifiedModule()
    module.set_api_name("Contracts")
    mappings = []
    for index, name in enumerate(("Name", "External_Id")):
        mapping = FieldMapping()
        mapping.set_api_name(name)
        mapping.set_index(index)
        mappings.append(mapping)
    resource.set_type(Choice("data"))
    resource.set_module(module)
    resource.set_file_id(str(uploaded.get_details()["file_id"]))
    resource.set_field_mappings(mappings)
    request.set_operation(Choice("insert"))
    request.set_resource([resource])
    job = str(body(operations.create_bulk_write_job(request), 201).get_details()["id"])
    sdk.clock.advance(5)
    done = body(operations.get_bulk_write_job_details(job))
    assert done.get_status() == "COMPLETED"
    assert done.get_resource()[0].get_file().get_added_count() == 2
    assert len(sdk.ids()) == 32
