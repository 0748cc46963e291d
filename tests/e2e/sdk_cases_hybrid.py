"""Cases: the client of the Hybrid Runner."""

import cspark.wasm as wasm
from sdk_case import UPLOAD, case

SERVICE_ID = "service/b3cfea0c-aca4-471a-8500-26b887d14d69"
VERSION_ID = "version/91299a5d-9328-4435-911b-4e5f7783f5d4"
MANY = [{"radius": 3, "height": 4}, {"radius": 1}]


@case("wasm.Client.close")
async def close(w):
    client = w.new_client({"token": "open"})
    await w.come(client.close())
    return client.http_client.is_closed


@case("wasm.Client.use")
async def use(w):
    client = await w.come(type(w.client).use(w.config))
    outcome = await w.come(client.health.check())
    await w.come(client.close())
    return outcome


def static(name):
    case(f"wasm.Client.{name}")(lambda w: getattr(type(w.client), name)(w.origin, logger=False))


static("health_check")
static("get_version")
static("get_status")

case("wasm.Config.copy_with")(lambda w: w.config.copy_with(tenant="other").base_url.full)
case("wasm.RunnerUrl.of")(lambda w: wasm.RunnerUrl.of(url="http://host:3000/tenant").full)
case("wasm.RunnerUrl.copy_with")(lambda w: w.config.base_url.copy_with(tenant="other").full)
case("wasm.RunnerUrl.no_tenant")(lambda w: wasm.RunnerUrl.no_tenant("http://host:3000").full)
case("wasm.Health.check")(lambda w: w.client.health.check())
case("wasm.Version.get")(lambda w: w.client.version.get())
case("wasm.Status.get")(lambda w: w.client.status.get())


@case("wasm.Services.upload")
async def upload(w):
    """What Spark exports is executed here."""
    loaded = await w.come(w.client.services.upload(await w.runner_archive()))
    return [loaded, await w.come(w.client.services.execute(w.uri, inputs=w.inputs))]


@case("wasm.Services.upload", "under a name")
async def upload_named(w):
    return await w.come(w.client.services.upload(await w.runner_archive(), "other.zip"))


case("wasm.Services.upload", "what is no package", "RequestNotRead", UPLOAD)(
    lambda w: w.client.services.upload(w.workbook()))
case("wasm.Services.execute")(lambda w: w.client.services.execute(w.uri, inputs=w.inputs))
case("wasm.Services.execute", "by service id")(
    lambda w: w.client.services.execute(SERVICE_ID, inputs=w.inputs, encoding="gzip"))
case("wasm.Services.execute", "by version id, as Spark says it")(
    lambda w: w.client.services.execute(VERSION_ID, inputs=w.inputs, response_format="original"))
case("wasm.Services.execute", "many records")(lambda w: w.client.services.execute(w.uri, inputs=MANY))
case("wasm.Services.execute", "no such service", "NotFoundError")(
    lambda w: w.client.services.execute("my-folder/no-such-service", inputs=w.inputs))
case("wasm.Services.validate")(lambda w: w.client.services.validate(VERSION_ID, inputs=w.inputs))
case("wasm.Services.validate", "by service id, dynamic")(
    lambda w: w.client.services.validate(SERVICE_ID, inputs=w.inputs, validation_type="dynamic",
                                         metadata={"call_purpose": "p"}))
case("wasm.Services.get_metadata")(lambda w: w.client.services.get_metadata(VERSION_ID, inputs={}))
case("wasm.Services.get_metadata", "by service id")(
    lambda w: w.client.services.get_metadata(None, service_id=w.service_id))
