// Zoho's Node SDK, unchanged, against an emulator on loopback: the calls of its own samples.
// `run.py` beside this file starts the emulator and passes what is needed to sign in.

import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { before, test } from "node:test";
import * as Z from "@zohocrm/nodejs-sdk-8.0";

const ready = JSON.parse(process.env.CRM_BRIDGE_READY);
const base = ready.base_url;
const ABSENT = 554023000000099002n;

async function control(command, given = {}) {
  const body = JSON.stringify({ command, arguments: given });
  const answer = await fetch(`${base}/__sandbox__/control`, { method: "POST", body });
  return answer.json();
}

async function ledger() {
  const answer = await fetch(`${base}/__sandbox__/ledger`);
  return (await answer.json()).entries;
}

async function ids() {
  return (await control("contracts")).ids.map(BigInt);
}

async function place(id) {
  return (await control("record", { id: String(id) })).place;
}

async function params(pairs) {
  const map = new Z.ParameterMap();
  for (const [param, value] of pairs) await map.add(param, value);
  return map;
}

function body(response, status = 200) {
  assert.notEqual(response, null, "the SDK hid an error in its log");
  assert.equal(response.getStatusCode(), status);
  return response.getObject();
}

function codes(wrapper) {
  return wrapper.getData().map((one) => one.getCode().getValue());
}

const folder = mkdtempSync(join(tmpdir(), "zoho-node-sdk-"));

before(async () => {
  const environment = Z.DataCenter.setEnvironment(base, `${base}/oauth/v2/token`, base);
  const token = new Z.OAuthBuilder().clientId(ready.client_id).clientSecret(ready.client_secret)
    .refreshToken(ready.refresh_token).build();
  const config = new Z.SDKConfigBuilder().autoRefreshFields(false).pickListValidation(false).build();
  const logger = new Z.LogBuilder().level(Z.Levels.INFO).filePath(join(folder, "sdk.log")).build();
  const builder = await new Z.InitializeBuilder();
  await builder.environment(environment).token(token).store(new Z.FileStore(join(folder, "tokens.csv")))
    .SDKConfig(config).resourcePath(folder + sep).logger(logger).initialize();
});

test("signing in asks for a token, the user and the org", async () => {
  const asked = (await ledger()).slice(0, 3).map((one) => `${one.method} ${one.path}`);
  assert.deepEqual(asked, ["POST /oauth/v2/token", "GET /crm/v8/users", "GET /crm/v8/org"]);
});

test("get records with fields, by page token", async () => {
  const operations = new Z.Record.RecordOperations("Contracts");
  const seen = [];
  let token = null;
  do {
    const pairs = [[Z.Record.GetRecordsParam.FIELDS, "Name,Contract_Value,Account"], [Z.Record.GetRecordsParam.PER_PAGE, 40]];
    if (token) pairs.push([Z.Record.GetRecordsParam.PAGE_TOKEN, token]);
    const rows = body(await operations.getRecords(await params(pairs), new Z.HeaderMap()));
    assert.ok(rows instanceof Z.Record.ResponseWrapper);
    seen.push(...rows.getData().map((row) => row.getId()));
    token = rows.getInfo().getNextPageToken();
  } while (token);
  assert.deepEqual(seen, (await ids()).reverse());
});

test("get one record with its rows, and 204 for one that is not there", async () => {
  const operations = new Z.Record.RecordOperations("Contracts");
  const [first] = await ids();
  const record = body(await operations.getRecord(first, new Z.ParameterMap(), new Z.HeaderMap())).getData()[0];
  assert.ok(record.getKeyValue("Contract_Lines").length > 0);
  assert.ok(record.getKeyValue("Owner").getEmail().endsWith("@zylker.example"));
  assert.equal(body(await operations.getRecord(ABSENT, new Z.ParameterMap(), new Z.HeaderMap()), 204), null);
});

test("search by criteria and by word", async () => {
  const operations = new Z.Record.RecordOperations("Contracts");
  const [first] = await ids();
  await control("edit", { id: String(first), field: "Contract_Number", value: "HT-2026-0001" });
  const criteria = "((Contract_Number:starts_with:HT-2026-0001) and (id:equals:" + first + "))";
  for (const pair of [[Z.Record.SearchRecordsParam.CRITERIA, criteria], [Z.Record.SearchRecordsParam.WORD, "HT-2026-0001"]]) {
    const rows = body(await operations.searchRecords(await params([pair]), new Z.HeaderMap()));
    assert.deepEqual(rows.getData().map((row) => row.getId()), [first]);
  }
});

test("COQL", async () => {
  const query = new Z.Coql.BodyWrapper();
  query.setSelectQuery("select Name, Account.Account_Name from Contracts where id is not null limit 0, 5");
  const rows = body(await new Z.Coql.CoqlOperations().getRecords(query));
  assert.deepEqual(rows.getData().map((row) => row.getId()), (await ids()).slice(0, 5));
});

test("related lists and their records", async () => {
  const lists = body(await new Z.RelatedLists.RelatedListsOperations().getRelatedLists(
    await params([[Z.RelatedLists.GetRelatedListsParam.MODULE, "Contracts"]])));
  assert.ok(lists.getRelatedLists().some((one) => one.getAPIName() === "Payments"));
  const asked = await params([[Z.RelatedRecords.GetRelatedRecordsParam.FIELDS, "Name"]]);
  const operations = new Z.RelatedRecords.RelatedRecordsOperations("Payments", "Contracts");
  const rows = body(await operations.getRelatedRecords((await ids())[0], asked, new Z.HeaderMap()));
  assert.ok(rows.getData().every((row) => row.getKeyValue("Name")));
});

test("notes are created, listed and deleted", async () => {
  const operations = new Z.Notes.NotesOperations();
  const [first] = await ids();
  const note = new Z.Notes.Note();
  const parent = new Z.Notes.ParentId();
  const module = new Z.Modules.MinifiedModule();
  module.setAPIName("Contracts");
  parent.setId(first);
  parent.setModule(module);
  note.setParentId(parent);
  note.setNoteTitle("Call");
  note.setNoteContent("will not renew");
  const request = new Z.Notes.BodyWrapper();
  request.setData([note]);
  const made = body(await operations.createNotes(request), 201).getData()[0];
  assert.equal(made.getStatus().getValue(), "success");
  const id = made.getDetails().get("id");
  const listed = body(await operations.getNotes(
    await params([[Z.Notes.GetNotesParam.FIELDS, "Note_Title,Parent_Id"]]), new Z.HeaderMap()));
  assert.ok(listed.getData().some((one) => one.getNoteTitle() === "Call"));
  assert.deepEqual(codes(body(await operations.deleteNotes(
    await params([[Z.Notes.DeleteNotesParam.IDS, String(id)]])))), ["SUCCESS"]);
});

test("attachments are uploaded, listed, downloaded and deleted", async () => {
  const operations = new Z.Attachments.AttachmentsOperations();
  const [, second] = await ids();
  const request = new Z.Attachments.FileBodyWrapper();
  const path = join(folder, "signed.pdf");
  writeFileSync(path, "%PDF signed");
  request.setFile(new Z.StreamWrapper(null, null, path));
  const made = body(await operations.uploadAttachments(second, "Contracts", request)).getData()[0];
  const id = BigInt(made.getDetails().get("id"));
  const listed = body(await operations.getAttachments(second, "Contracts",
    await params([[Z.Attachments.GetAttachmentsParam.FIELDS, "id,File_Name"]])));
  assert.ok(listed.getData().some((one) => one.getId() === id && one.getFileName() === "signed.pdf"));
  // The SDK gives downloads as a promise inside of its answer.
  const file = (await body(await operations.getAttachment(id, second, "Contracts"))).getFile();
  assert.equal(Buffer.from(file.getStream()).toString(), "%PDF signed");
  assert.deepEqual(codes(body(await operations.deleteAttachment(id, second, "Contracts"))), ["SUCCESS"]);
});

test("delete records, one by one and by ids, and each failure is told", async () => {
  const operations = new Z.Record.RecordOperations("Contracts");
  const [, , one, two, three, locked] = await ids();
  await control("lock", { id: String(locked) });
  const quiet = await params([[Z.Record.DeleteRecordParam.WF_TRIGGER, false]]);
  assert.deepEqual(codes(body(await operations.deleteRecord(one, quiet, new Z.HeaderMap()))), ["SUCCESS"]);
  const asked = await params([[Z.Record.DeleteRecordsParam.IDS, [two, three, locked, ABSENT].join(",")],
    [Z.Record.DeleteRecordsParam.WF_TRIGGER, false]]);
  const done = body(await operations.deleteRecords(asked, new Z.HeaderMap()), 207);
  assert.deepEqual(codes(done), ["SUCCESS", "SUCCESS", "RECORD_LOCKED", "INVALID_DATA"]);
  assert.deepEqual(await Promise.all([one, two, three, locked].map(place)), ["bin", "bin", "bin", "live"]);
  assert.ok((await ledger()).at(-1).effects.every((effect) => effect.kind !== "workflow"));
});

test("mass delete by ids", async () => {
  const [, , , one, two] = await ids();
  const request = new Z.MassDeleteCvid.RecordIdBodyWrapper();
  request.setIds([one, two]);
  const done = body(await new Z.MassDeleteCvid.MassDeleteCvidOperations("Contracts").massDeleteByRecordId(request));
  assert.deepEqual(codes(done), ["SUCCESS", "SUCCESS"]);
  assert.equal(await place(one), "bin");
});

test("deleted list and recycle bin", async () => {
  const operations = new Z.Record.RecordOperations("Contracts");
  const deleted = body(await operations.getDeletedRecords(
    await params([[Z.Record.GetDeletedRecordsParam.TYPE, "all"]]), new Z.HeaderMap()));
  assert.equal(deleted.getData().length, 5);
  const bin = new Z.RecycleBin.RecycleBinOperations();
  const rows = body(await bin.getRecyclebinRecords(
    await params([[Z.RecycleBin.GetRecycleBinRecordsParam.SORT_BY, "deleted_time"]]))).getRecycleBin();
  const contracts = rows.filter((row) => row.getModule().getAPIName() === "Contracts");
  assert.equal(contracts.length, 5);
  const id = contracts[0].getId();
  assert.equal(body(await bin.getRecyclebinRecord(id)).getRecycleBin()[0].getId(), id);
  const purged = body(await bin.deleteRecyclebinRecords(
    await params([[Z.RecycleBin.DeleteRecycleBinRecordsParam.IDS, String(id)]])));
  assert.equal(purged.getRecycleBin()[0].getCode().getValue(), "SUCCESS");
  assert.equal(await place(id), "gone");
});

test("a refused request is an exception object", async () => {
  await control("profile", { delete: false });
  const operations = new Z.Record.RecordOperations("Contracts");
  const refused = body(await operations.deleteRecord((await ids())[0], new Z.ParameterMap(), new Z.HeaderMap()), 403);
  assert.equal(refused.getCode().getValue(), "NO_PERMISSION");
});
