"""Cases: batches, logs, exports and imports, files, WebAssembly."""

import cspark.sdk as sdk
from sdk_case import BIG, PATIENCE, UPLOAD, case

CHUNKS = '{"chunks": [{"id": "c-1", "size": 2, "data": {"inputs": [["radius"], [1], [2]], "parameters": {}}}]}'


# ---- batches ----

case("Batches.describe")(lambda w: w.client.batches.describe())
case("Batches.create")(lambda w: w.client.batches.create(w.uri))
case("Batches.create", "with everything said")(
    lambda w: w.client.batches.create(
        w.uri, active_since="2026-01-01", source_system="s", correlation_id="c-1", call_purpose="p",
        subservices=["a"], selected_outputs="volume", unique_record_key=["id"], min_runners=1, max_runners=5,
        chunks_per_vm=2, runners_per_vm=2, max_input_size=10, max_output_size=10, accuracy=0.9,
        extras={"max_input_in_mb": 10}))
case("Batches.create", "no such service", "NotFoundError")(
    lambda w: w.client.batches.create("my-folder/no-such-service"))
case("Batches.of")(lambda w: w.client.batches.of("some-id").batch_id)
case("Pipeline.get_info", "no such batch", "InternalServerError")(
    lambda w: w.client.batches.of(w.service_id).get_info())


@case("Pipeline.get_info")
async def batch_info(w):
    return await w.come((await w.batch()).get_info())


@case("Pipeline.get_status")
async def batch_status(w):
    return await w.come((await w.batch()).get_status())


def push(title, fails=None, **options):
    @case("Pipeline.push", title, fails)
    async def run(w):
        return await w.come((await w.batch()).push(**options))


push("inputs", inputs=[["radius", "height"], [3, 4], [1, 1]])
push("a text", raw=CHUNKS)
push("data", data=sdk.ChunkData([["radius"], [1]], {"height": 2}))
push("chunks that are many", chunks=sdk.create_chunks([["radius"], *[[n] for n in range(1000)]]))
push("nothing", "SparkSdkError")


@case("Pipeline.push", "closed", "SparkSdkError")
async def push_closed(w):
    batch = await w.batch()
    await w.come(batch.dispose())
    return await w.come(batch.push(inputs=[["radius"], [1]]))


@case("Pipeline.pull")
async def pull(w):
    """A batch from its beginning to its end."""
    batch = await w.batch()
    await w.come(batch.push(raw=CHUNKS))
    first = await w.come(batch.pull(50))
    last = await w.come(batch.pull())
    closed = await w.come(batch.dispose())
    return [first, last, closed, await w.come(batch.get_status()), await w.come(batch.get_info()),
            await w.come(w.client.batches.describe())]


@case("Pipeline.dispose")
async def dispose(w):
    batch = await w.batch()
    return [await w.come(batch.dispose()), batch.state, batch.is_disposed]


@case("Pipeline.cancel")
async def cancel(w):
    batch = await w.batch()
    await w.come(batch.push(raw=CHUNKS))
    return [await w.come(batch.cancel()), batch.state]


# ---- logs ----

@case("History.get")
async def log(w):
    return await w.come(w.client.logs.get(await w.call_id()))


@case("History.get", "of many records")
async def log_many(w):
    return await w.come(w.client.logs.get(await w.call_id(inputs=[{"radius": 1}, {"radius": 2}])))


case("History.get", "no such call", "NotFoundError")(lambda w: w.client.logs.get(w.service_id))


@case("History.rehydrate")
async def rehydrate(w):
    return await w.come(w.client.logs.rehydrate(w.uri, call_id=await w.call_id()))


@case("History.rehydrate", "one of many")
async def rehydrate_one(w):
    call_id = await w.call_id(inputs=[{"radius": 1}, {"radius": 2}])
    return await w.come(w.client.logs.rehydrate(None, folder=w.folder, service=w.service, call_id=call_id,
                                                index=1))


@case("History.rehydrate", "one too many", "BadRequestError")
async def rehydrate_beyond(w):
    return await w.come(w.client.logs.rehydrate(w.uri, call_id=await w.call_id(inputs=[{"radius": 1}]),
                                                index=7))


@case("History.rehydrate", "the old way")
async def rehydrate_legacy(w):
    return await w.come(w.client.logs.rehydrate(w.uri, call_id=await w.call_id(), legacy=True))


case("History.rehydrate", "no such call", "NotFoundError")(
    lambda w: w.client.logs.rehydrate(w.uri, call_id=w.service_id))
case("History.rehydrate", "without a call", "SparkSdkError")(
    lambda w: w.client.logs.rehydrate(w.uri, call_id=""))


@case("History.download")
async def log_download(w):
    return await w.come(w.client.logs.download(folder=w.folder, service=w.service,
                                               call_ids=[await w.call_id()], **PATIENCE))


@case("History.download", "CSV, of a source")
async def log_download_csv(w):
    await w.call_id(source_system="s")
    return await w.come(w.client.logs.download(
        folder=w.folder, service=w.service, type="csv", source_system="s", start_date="2020-01-01",
        end_date="2120-01-01", version_id=w.version_id, timezone_offset="0", extras={"has_errors": False},
        **PATIENCE))


@case("History.download", "too slow", "SparkError")
async def log_download_slow(w):
    w.job("logs", "never")
    return await w.come(w.client.logs.download(folder=w.folder, service=w.service,
                                               call_ids=[await w.call_id()], **PATIENCE))


async def log_job(w):
    call_ids = [await w.call_id()]
    return await w.come(w.client.logs.downloads.initiate(folder=w.folder, service=w.service, call_ids=call_ids))


case("LogDownload.initiate")(log_job)


@case("LogDownload.get_status")
async def log_download_status(w):
    job = (await log_job(w)).data["response_data"]["job_id"]
    return await w.come(w.client.logs.downloads.get_status(folder=w.folder, service=w.service, job_id=job,
                                                           **PATIENCE))


case("LogDownload.get_status", "no such job", "BadRequestError")(
    lambda w: w.client.logs.downloads.get_status(folder=w.folder, service=w.service, job_id=w.service_id,
                                                 **PATIENCE))


# ---- exports and imports ----

case("ImpEx.only")(lambda w: type(type(w.client.impex).only(w.config, w.http)).__name__)
case("ImpEx.migration")(
    lambda w: type(type(w.client.impex).migration(w.config, w.config, w.http)).__name__)
case("ImpEx.describe")(lambda w: w.client.impex.describe())
case("ImpEx.describe", "as JSON")(lambda w: w.client.impex.describe(as_json=True))
case("ImpEx.exp")(lambda w: w.client.impex.exp(services=[w.uri], **PATIENCE))
case("ImpEx.export")(
    lambda w: w.client.impex.export(folders=[w.folder], version_ids=[w.version_id], file_filter="onpremises",
                                    version_filter="all", source_system="s", correlation_id="c-1", **PATIENCE))
case("ImpEx.export", "of nothing", "SparkSdkError")(lambda w: w.client.impex.export(**PATIENCE))
case("Migration.migrate", "", "NotImplementedError",
     broken="the SDK has not written it: it raises NotImplementedError before any request")(
    lambda w: type(w.client.impex).migration(w.config, w.config, w.http).migrate())


def bad_export(title, outcome):
    @case("ImpEx.exp", title, "RetryTimeoutError")
    def run(w):
        w.job("export", outcome)
        return w.client.impex.exp(services=[w.uri], **PATIENCE)


bad_export("too slow", "never")
bad_export("failing", "fail")


@case("ImpEx.imp", "too slow", "RetryTimeoutError")
async def import_slowly(w):
    archive = await w.archive()
    w.job("import", "never")
    return await w.come(w.client.impex.imp(w.uri, archive, **PATIENCE))


async def come_back(w, name, **options):
    """What was exported comes back under another name, and is there."""
    target = {"source": w.uri, "target": "my-folder/copy", "upgrade": "major"}
    imported = getattr(w.client.impex, name)(target, await w.archive(), **options, **PATIENCE)
    return [await w.come(imported),
            await w.come(w.client.services.execute("my-folder/copy", inputs=w.inputs))]


case("ImpEx.imp")(lambda w: come_back(w, "imp"))
case("ImpEx.import_")(
    lambda w: come_back(w, "import_", if_present="replace", source_system="s", correlation_id="c-1"))


@case("ImpEx.imp", "5 MB")
async def import_big(w):
    await w.come(w.client.services.create("big", folder=w.folder, file=w.workbook(BIG), **PATIENCE))
    archive = await w.archive(services=["my-folder/big"])
    target = {"source": "my-folder/big", "target": "my-folder/copy"}
    await w.come(w.client.impex.imp(target, archive, **PATIENCE))
    return await w.come(w.client.services.download(folder=w.folder, service="copy"))


@case("ImpEx.imp", "what is no archive", "RequestNotRead", UPLOAD)
def import_rubbish(w):
    return w.client.impex.imp(w.uri, w.workbook(), **PATIENCE)


@case("Export.describe")
async def exports(w):
    await w.export_id()
    return await w.come(w.client.impex.exports.describe())


case("Export.initiate")(lambda w: w.client.impex.exports.initiate(services=[w.uri]))


@case("Export.get_status")
async def export_status(w):
    return await w.come(w.client.impex.exports.get_status(job_id=await w.export_id(), **PATIENCE))


@case("Export.get_status", "at the address that was given")
async def export_status_url(w):
    started = await w.come(w.client.impex.exports.initiate(services=[w.uri]))
    return await w.come(w.client.impex.exports.get_status(url=started.data["status_url"], **PATIENCE))


case("Export.get_status", "of nothing", "SparkSdkError")(lambda w: w.client.impex.exports.get_status())
case("Export.get_status", "no such export", "InternalServerError")(
    lambda w: w.client.impex.exports.get_status(job_id=w.service_id, **PATIENCE))


@case("Export.cancel")
async def export_cancel(w):
    return await w.come(w.client.impex.exports.cancel(await w.export_id()))


@case("Export.download")
async def export_download(w):
    status = await w.come(w.client.impex.exports.get_status(job_id=await w.export_id(), **PATIENCE))
    urls = [file["file"] for file in status.data["outputs"]["files"]]
    return await w.come(w.client.impex.exports.download([*urls, ""]))


@case("Import.describe")
async def imports(w):
    await w.import_id()
    return await w.come(w.client.impex.imports.describe())


@case("Import.initiate")
async def import_start(w):
    return await w.come(w.client.impex.imports.initiate([w.uri], await w.archive()))


@case("Import.get_status")
async def import_status(w):
    return await w.come(w.client.impex.imports.get_status(job_id=await w.import_id(), **PATIENCE))


@case("Import.get_status", "at the address that was given")
async def import_status_url(w):
    started = await w.come(w.client.impex.imports.initiate(w.uri, await w.archive()))
    return await w.come(w.client.impex.imports.get_status(url=started.data["status_url"], **PATIENCE))


# ---- files, WebAssembly ----

async def file_url(w):
    """Where a workbook was put for us."""
    answer = await w.come(w.client.logs.rehydrate(w.uri, call_id=await w.call_id()))
    return answer.data["response_data"]["download_url"]


@case("Files.download")
async def file(w):
    return await w.come(w.client.files.download(await file_url(w)))


@case("Files.download", "no such file", "NotFoundError",
      own="the file's address leads to `/files`, which is csparkd's own")
async def no_file(w):
    url = await file_url(w)
    w.reset()
    return await w.come(w.client.files.download(url))


@case("Client.download")
async def client_file(w):
    return await w.come(type(w.client).download(await file_url(w), w.config.auth))


@case("Client.download", "without credentials")
async def client_file_open(w):
    return await w.come(type(w.client).download(await file_url(w)))


case("Wasm.download")(lambda w: w.client.wasm.download(w.uri))
case("Wasm.download", "by service id")(lambda w: w.client.wasm.download(service_id=w.service_id))
case("Wasm.download", "by version id")(lambda w: w.client.wasm.download(version_id=w.version_id))
case("Wasm.download", "public")(
    lambda w: w.client.wasm.download(folder=w.folder, service="public-cylinder", public=True))
case("Wasm.download", "no such service", "NotFoundError")(
    lambda w: w.client.wasm.download("my-folder/no-such-service"))
