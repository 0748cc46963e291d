"""Cases: services, from upload to execution."""

import cspark.sdk as sdk
from sdk_case import BIG, PATIENCE, UPLOAD, case

DATES = {"start_date": "2030-01-01", "end_date": "2031-01-01"}


# ---- execution ----

def execute(title, fails=None, uri="my-folder/volume-cylinder", **options):
    options.setdefault("inputs", {"radius": 3, "height": 4})
    case("Services.execute", title, fails)(lambda w: w.client.services.execute(uri, **options))


MANY = [{"radius": 3, "height": 4}, {"radius": 1}, {"radius": "x"}]
PUBLIC = sdk.UriParams(folder="my-folder", service="public-cylinder", public=True)
SHUT = sdk.UriParams(folder="my-folder", service="volume-cylinder", public=True)
SERVICE_ID = "service/b3cfea0c-aca4-471a-8500-26b887d14d69"
VERSION_ID = "version/91299a5d-9328-4435-911b-4e5f7783f5d4"

execute("one record")
execute("one record, as Spark says it", response_format="original")
execute("with defaults", inputs=None)
execute("inputs in a text", inputs='{"radius": 2}')
execute("of a version", uri="my-folder/volume-cylinder[0.1.0]")
execute("by service id", uri=SERVICE_ID)
execute("by version id", uri=VERSION_ID)
execute("with all metadata", active_since="2026-01-01T00:00:00Z", source_system="s", correlation_id="c-1",
        call_purpose="p", compiler_type="type3", subservices=["a", "b"], debug_solve=True, downloadable=True,
        echo_inputs=True, tables_as_array=["t"], selected_outputs=["volume"], outputs_filter="v.*",
        extras={"parameterset_version_id": None})
execute("in gzip", encoding="gzip")
execute("in deflate", encoding="deflate")
execute("in an unknown coding", "SparkSdkError", encoding="br")
execute("public", uri=PUBLIC)
execute("not public", "ForbiddenError", uri=SHUT)
execute("many records", inputs=MANY)
execute("many, as Spark says it", inputs=MANY, response_format="original")
execute("a list of one", inputs=[{"radius": 3}])
execute("a table", inputs=[["radius", "height"], [3, 4], [1, 1]])
execute("many by service id", uri=SERVICE_ID, inputs=MANY)
execute("many by version id", uri=VERSION_ID, inputs=MANY)
execute("many with metadata", inputs=MANY, source_system="s", correlation_id="c-1", call_purpose="p",
        subservices="a", selected_outputs="volume")
execute("many in gzip", inputs=MANY, encoding="gzip")
execute("many, public", uri=PUBLIC, inputs=MANY)
execute("a proxy that is none", "NotFoundError", uri="proxy/no-such-endpoint")
execute("no such service", "NotFoundError", uri="my-folder/no-such-service")
execute("many of no such service", "NotFoundError", uri="my-folder/no-such-service", inputs=MANY)
execute("without a service", "SparkSdkError", uri="my-folder")


# ---- errors of every kind ----

def error(status, fails, **options):
    """Once for execution, once for a call that only reads, and for one that changes something."""
    for method, call in (
            ("Services.execute", lambda w: w.client.services.execute(w.uri, inputs=w.inputs)),
            ("Services.get_versions", lambda w: w.client.services.get_versions(w.uri)),
            ("Services.delete", lambda w: w.client.services.delete(w.uri))):
        def run(w, call=call):
            w.mood(f"status-{status}", **options)
            return call(w)
        case(method, f"status {status}", fails)(run)


error(400, "BadRequestError")
error(403, "ForbiddenError")
error(404, "NotFoundError")
error(405, "UnknownApiError")
error(408, "UnknownApiError")
error(409, "ConflictError")
error(413, "UnknownApiError")
error(415, "UnsupportedMediaTypeError")
error(422, "UnprocessableEntityError")
error(429, "RateLimitError")
error(500, "InternalServerError")
error(502, "UnknownApiError")
error(503, "ServiceUnavailableError")
error(504, "GatewayTimeoutError")


@case("Services.execute", "status 429, then well")
def limited_once(w):
    w.mood("status-429", times=1)
    return w.client.services.execute(w.uri, inputs=w.inputs)


@case("Services.execute", "status 401, then well", flavours=[""])
def refused_once(w):
    w.mood("status-401", times=1)
    return w.client.services.execute(w.uri, inputs=w.inputs)


@case("Services.execute", "refused credentials", "UnauthorizedError", apart=True)
def refused(w):
    w.mood("status-401")
    return w.client.services.execute(w.uri, inputs=w.inputs)


# ---- validation, transforms ----

case("Services.validate")(lambda w: w.client.services.validate(w.uri))
case("Services.validate", "dynamic")(
    lambda w: w.client.services.validate(w.uri, inputs=w.inputs, validation_type="dynamic"))
case("Services.validate", "by service id")(lambda w: w.client.services.validate(SERVICE_ID, inputs=w.inputs))
case("Services.validate", "by version id")(lambda w: w.client.services.validate(VERSION_ID, inputs=w.inputs))
case("Services.validate", "public")(lambda w: w.client.services.validate(PUBLIC, inputs=w.inputs))
case("Services.validate", "no such service", "NotFoundError")(
    lambda w: w.client.services.validate("my-folder/no-such-service"))


@case("Services.transform")
async def transform(w):
    await w.save_transform()
    return await w.come(w.client.services.transform(
        w.uri, inputs={"request_data": {"inputs": w.inputs}}, using={"folder": "a-folder", "service": "same"}))


@case("Services.transform", "of the v4 kind, in gzip")
async def transform_many(w):
    await w.save_transform(api_version="v4")
    return await w.come(w.client.services.transform(
        w.uri, inputs={"inputs": MANY}, using={"folder": "a-folder", "service": "same"}, api_version="v4",
        encoding="gzip", correlation_id="c-1"))


@case("Services.transform", "of the old area")
async def transform_legacy(w):
    await w.save_transform()
    return await w.come(w.client.services.transform(
        w.uri, inputs={"request_data": {"inputs": w.inputs}}, using="same"))


case("Services.transform", "no such transform", "NotFoundError")(
    lambda w: w.client.services.transform(w.uri, inputs={}, using={"folder": "a-folder", "service": "none"}))


# ---- what a service is ----

case("Services.exists")(lambda w: w.client.services.exists(w.uri))
case("Services.exists", "it does not")(lambda w: w.client.services.exists("my-folder/no-such-service"))
case("Services.check_existence")(lambda w: w.client.services.check_existence(w.uri))
case("Services.check_existence", "it does not")(
    lambda w: w.client.services.check_existence("my-folder/no-such-service"))
case("Services.get_schema")(lambda w: w.client.services.get_schema(w.uri))
case("Services.get_schema", "by version id")(
    lambda w: w.client.services.get_schema(version_id=w.version_id))
case("Services.get_schema", "no such service")(
    lambda w: w.client.services.get_schema("my-folder/no-such-service"))
case("Services.get_metadata")(lambda w: w.client.services.get_metadata(folder=w.folder, service=w.service))
case("Services.get_metadata", "by service id")(
    lambda w: w.client.services.get_metadata(service_id=w.service_id))
case("Services.get_metadata", "by version id")(
    lambda w: w.client.services.get_metadata(version_id=w.version_id))
case("Services.get_metadata", "public")(
    lambda w: w.client.services.get_metadata(folder=w.folder, service="public-cylinder", public=True))
case("Services.get_versions")(lambda w: w.client.services.get_versions(folder=w.folder, service=w.service))
case("Services.get_versions", "the locator in a text")(lambda w: w.client.services.get_versions(w.uri))
case("Services.get_swagger")(lambda w: w.client.services.get_swagger(folder=w.folder, service=w.service))
case("Services.get_swagger", "of a version, to download")(
    lambda w: w.client.services.get_swagger(folder=w.folder, service=w.service, version_id=w.version_id,
                                            downloadable=True, subservice="All"))
case("Services.search")(lambda w: w.client.services.search())
case("Services.search", "one page, one service")(
    lambda w: w.client.services.search(page=1, limit=5, sort="-name1_co", fields=["id", "filename"],
                                       query=[{"field": "filename", "value": "volume"}]))
case("Services.download")(lambda w: w.client.services.download(folder=w.folder, service=w.service))
case("Services.download", "configured, of a version")(
    lambda w: w.client.services.download(folder=w.folder, service=w.service, version_id=w.version_id,
                                         file_name="other.xlsx", type="configured"))
case("Services.download", "no such service")(
    lambda w: w.client.services.download(folder=w.folder, service="no-such-service"))


# ---- the life of a service ----

@case("Services.create")
def create(w):
    return w.client.services.create("new", folder=w.folder, file=w.workbook(), **PATIENCE)


@case("Services.create", "with everything said")
def create_fully(w):
    return w.client.services.create(
        "new", folder=w.folder, file=w.workbook(), file_name="other.xlsx", draft_name="draft",
        versioning="major", track_user=True, label="label", release_notes="notes", tags=["a", "b"],
        extras={"compiler_version": "StableLatest"}, **DATES, **PATIENCE)


@case("Services.create", "no such folder", "RequestNotRead", UPLOAD)
def create_nowhere(w):
    return w.client.services.create("new", folder="no-such-folder", file=w.workbook(), **PATIENCE)


@case("Services.download", "5 MB, what was uploaded")
async def create_big(w):
    await w.come(w.client.services.create("big", folder=w.folder, file=w.workbook(BIG), **PATIENCE))
    answer = await w.come(w.client.services.download(folder=w.folder, service="big"))
    return [answer, answer.buffer == w.workbook(BIG).getvalue()]


@case("Services.compile")
def compile_only(w):
    return w.client.services.compile(folder=w.folder, service="new", file=w.workbook(), **PATIENCE)


@case("Services.compile", "too slow", "RetryTimeoutError")
def compile_slowly(w):
    w.job("compile", "never")
    return w.client.services.compile(folder=w.folder, service="new", file=w.workbook(), **PATIENCE)


@case("Services.compile", "a workbook that does not compile", "RetryTimeoutError")
def compile_badly(w):
    w.job("compile", "fail")
    return w.client.services.compile(folder=w.folder, service="new", file=w.workbook(), **PATIENCE)


@case("Compilation.initiate")
def upload(w):
    return w.client.services.compilation.initiate(w.folder, "new", w.workbook())


@case("Compilation.initiate", "5 MB, with everything said")
def upload_big(w):
    return w.client.services.compilation.initiate(w.folder, "new", w.workbook(BIG), "other.xlsx", "patch",
                                                  extras={"compiler_version": "StableLatest"}, **DATES)


async def uploaded(w):
    answer = await w.come(w.client.services.compilation.initiate(w.folder, "new", w.workbook()))
    return answer.data["response_data"]


@case("Compilation.get_status")
async def compilation_status(w):
    job = (await uploaded(w))["nodegen_compilation_jobid"]
    return await w.come(w.client.services.compilation.get_status(w.folder, "new", job, **PATIENCE))


@case("Compilation.get_status", "no such job", "BadRequestError")
def no_compilation(w):
    return w.client.services.compilation.get_status(w.folder, w.service, w.service_id, **PATIENCE)


@case("Services.publish")
async def publish(w):
    upload = await uploaded(w)
    await w.come(w.client.services.compilation.get_status(
        w.folder, "new", upload["nodegen_compilation_jobid"], **PATIENCE))
    return await w.come(w.client.services.publish(
        w.folder, "new", upload["original_file_documentid"], upload["engine_file_documentid"]))


@case("Services.recompile")
def recompile(w):
    return w.client.services.recompile(w.uri)


@case("Services.recompile", "with everything said")
def recompile_fully(w):
    return w.client.services.recompile(
        sdk.UriParams(folder=w.folder, service=w.service, version_id=w.version_id), compiler="StableLatest",
        release_notes="notes", label="label", upgrade="minor", tags="a", **DATES)


case("Services.delete")(lambda w: w.client.services.delete(w.uri))
case("Services.delete", "then it is gone")(
    lambda w: deleted(w))


async def deleted(w):
    await w.come(w.client.services.delete(w.uri))
    return await w.come(w.client.services.exists(w.uri))


case("Compilation.initiate", "no such folder", "RequestNotRead", UPLOAD)(
    lambda w: w.client.services.compilation.initiate("no-such-folder", "new", w.workbook()))
