"""Cases: what the SDK does without asking anyone. Listed all the same, so that none is forgotten."""

import json

import cspark.sdk as sdk
from cspark.sdk import resources
from sdk_case import case, example_response

BASE = "https://excel.my-env.coherent.global/my-tenant"
CAUSE = {"request": {"url": "u", "method": "GET", "headers": {}, "body": ""},
         "response": {"headers": {}, "body": "b", "raw": "b"}}
CHUNK = {"id": "c-1", "size": 1, "data": {"inputs": [["a"], [1]], "parameters": {}}}


def local(method, call, title="", fails=None):
    case(method, title, fails)(lambda w: call())


local("get_logger", lambda: sdk.get_logger("some-logger", disabled=True).name)
local("LoggerOptions.when", lambda: sdk.LoggerOptions.when(False).disabled)

local("OAuth.when", lambda: sdk.OAuth.when({"client_id": "i", "client_secret": "s"}).client_id)
local("OAuth.file", lambda: sdk.OAuth.file("/no/such/file"), fails="SparkSdkError")
local("OAuth.to_dict", lambda: sdk.OAuth({"client_id": "i", "client_secret": "s"}).to_dict())
local("AccessToken.from_dict", lambda: resources.AccessToken.from_dict({"token_type": "Bearer"}))

local("Config.copy_with", lambda: sdk.Config(base_url=BASE, token="open").copy_with(tenant="t").base_url.full)
local("BaseUrl.to", lambda: sdk.BaseUrl.of(url=BASE).to("keycloak"))
local("BaseUrl.copy_with", lambda: sdk.BaseUrl.of(url=BASE).copy_with(tenant="t").full)
local("BaseUrl.of", lambda: sdk.BaseUrl.of(env="my-env", tenant="t").full)
local("BaseUrl.of", lambda: sdk.BaseUrl.of(url="http://elsewhere"), "not Spark's", "SparkSdkError")
local("BaseUrl.at", lambda: sdk.BaseUrl.at("my-env/my-tenant").full)
local("HealthUrl.when", lambda: sdk.HealthUrl.when("my-env").value)

PARAMS = sdk.UriParams(folder="f", service="s", version="1.0", version_id="v")
local("UriParams.pick", lambda: PARAMS.pick("folder", "service").encode())
local("UriParams.omit", lambda: PARAMS.omit("version_id").encode())
local("UriParams.encode", PARAMS.encode)
local("Uri.of", lambda: str(sdk.Uri.of(PARAMS, base_url=BASE, endpoint="execute")))
local("Uri.partial", lambda: str(sdk.Uri.partial("some/where", base_url=BASE)))
local("Uri.to_params", lambda: sdk.Uri.to_params("f/s[1.0]"))
local("Uri.decode", lambda: sdk.Uri.decode("folders/f/services/s[1.0]"))
local("Uri.encode", lambda: sdk.Uri.encode(PARAMS.omit("version_id")))
local("Uri.validate", lambda: sdk.Uri.validate("f/s"))
local("Uri.validate", lambda: sdk.Uri.validate(""), "nothing", "SparkSdkError")

local("SparkError.to_dict", lambda: sdk.SparkError("m", "c").to_dict())
local("SparkError.sdk", lambda: sdk.SparkError.sdk("m").message)
local("SparkError.api", lambda: sdk.SparkError.api(404, {"message": "m", "cause": CAUSE}).status)
local("SparkSdkError.to_dict", lambda: sdk.SparkError.sdk("m").to_dict())
local("RetryTimeoutError.to_dict", lambda: sdk.RetryTimeoutError("m", retries=1).to_dict())
local("SparkApiError.to_dict", lambda: sdk.SparkApiError.when(404, sdk.ErrorMessage("m")).to_dict())
local("SparkApiError.when", lambda: type(sdk.SparkApiError.when(409, sdk.ErrorMessage("m"))).__name__)
local("SparkApiError.to_cause", lambda: to_cause("body"))
local("SparkApiError.no_response", lambda: sdk.SparkApiError.no_response(example_response().request)["request"]["url"])
local("ErrorMessage.from_dict", lambda: sdk.ErrorMessage.from_dict({"message": "m"}).message)
local("ApiErrorCause.from_dict", lambda: sdk.ApiErrorCause.from_dict(CAUSE).request.url)


def to_cause(member):
    example = example_response(404)
    return sdk.SparkApiError.to_cause(example.request, example.response)["response"][member]


@case("HttpResponse.copy_with")
async def copy_response(w):
    return (await w.come(w.client.health.check())).copy_with(data={"other": True})


local("create_chunks", lambda: len(sdk.create_chunks([["a"], [1], [2], [3]], chunk_size=2)))
local("create_chunks", lambda: sdk.create_chunks([]), "of nothing", "SparkSdkError")
local("BatchChunk.to_dict", lambda: sdk.BatchChunk.from_dict(CHUNK)[0].to_dict())
local("BatchChunk.from_dict", lambda: sdk.BatchChunk.from_dict(CHUNK)[0].id)
local("BatchChunk.from_str", lambda: sdk.BatchChunk.from_str(json.dumps({"chunks": [CHUNK]}))[0].id)
local("ChunkData.to_dict", lambda: sdk.ChunkData([[1]]).to_dict())
local("ChunkData.from_dict", lambda: sdk.ChunkData.from_dict(CHUNK["data"]).inputs)
local("ChunkData.from_str", lambda: sdk.ChunkData.from_str("no JSON"), fails="SparkSdkError")
local("build_transform", lambda: sdk.build_transform(sdk.Transform(inputs="$")))
local("TransformParams.validate", lambda: sdk.TransformParams("f").validate(), fails="SparkSdkError")
local("TransformParams.to_uri", lambda: sdk.TransformParams("f", "n").to_uri())
