"""Cases: clients, credentials, health and configuration, folders, categories, Transform documents."""

import asyncio
import io

import cspark.sdk as sdk
import httpx
import jwt
from sdk_case import case

AWAITED_TWICE = "the SDK's coroutine gives another coroutine: the call is never sent unless awaited twice"


# ---- clients and credentials ----

@case("Client.close")
def close(w):
    client = w.new_client(w.auth)
    return then_look(w, client.close(), lambda: client.http_client.is_closed)


async def then_look(w, first, look):
    await w.come(first)
    return look()


@case("Client.use")
async def use(w):
    """A copy works, but for one of a client with an API key: the SDK copies the key's mask."""
    client = await w.come(type(w.client).use(w.config))
    outcome = await w.come(client.services.exists(w.uri))
    await w.come(client.close())
    return outcome


case("Client.health_check")(lambda w: type(w.client).health_check(w.config.base_url, logger=False))
case("Config.get")(lambda w: w.config.get(w.http))


@case("Config.aget")
async def configuration(w):
    async with httpx.AsyncClient() as http:
        return await w.config.aget(http)


case("Platform.get_config")(lambda w: w.named("Platform")(w.config, w.http).get_config())
case("Platform.get_config", "while Spark is busy", "RateLimitError")(
    lambda w: (w.mood("status-429"), w.named("Platform")(w.config, w.http).get_config())[1])
case("OAuth2.gen_access_token")(lambda w: w.named("OAuth2")(with_oauth(w), w.http).gen_access_token())
case("OAuth2.get_access_token")(lambda w: w.named("OAuth2")(with_oauth(w), w.http).get_access_token())


@case("OAuth.retrieve_token")
def token(w):
    config = with_oauth(w)
    return config.auth.oauth.retrieve_token(config, w.http)


@case("OAuth.aretrieve_token")
async def atoken(w):
    config = with_oauth(w)
    async with httpx.AsyncClient() as http:
        return await config.auth.oauth.aretrieve_token(config, http)


def with_oauth(w):
    """The configuration of a client that has an OAuth client's credentials."""
    return w.config if w.config.auth.oauth else w.new_client({"oauth": w.place["oauth"]}).config


def realm(w):
    return f"{w.origin}/auth/realms/{w.tenant}"


@case("JwtConfig.validate")
def validate(w):
    """The keys are fetched; the token is signed with none of them."""
    token = jwt.encode({"iss": realm(w), "aud": "product-factory"}, "k" * 40, headers={"kid": "other"})
    return sdk.JwtConfig.validate(token, realm(w))


@case("JwtConfig.decode")
def decode(w):
    token = jwt.encode({"iss": realm(w), "realm": w.tenant}, "k" * 40)
    decoded = sdk.JwtConfig.decode("Bearer " + token, verify=True)
    return [decoded["verified"], decoded["tenant"], decoded["decoded"]]


# ---- any request ----

case("ApiResource.request")(
    lambda w: w.client.health.request(f"{w.origin}/api/v1/product/list", method="POST", body={}))
case("ApiResource.request", "nothing is there", "NotFoundError")(
    lambda w: w.client.health.request(f"{w.config.base_url.full}/api/v3/log/getexecutionhistorybycallid/none"))
case("ApiResource.request", "nobody is there", "SparkSdkError")(
    lambda w: w.client.health.request("http://127.0.0.1:1/health"))
case("Health.check")(lambda w: w.client.health.check())
case("Health.ok")(lambda w: w.client.health.ok())


# ---- folders and categories ----

case("Folders.exists")(lambda w: w.client.folders.exists(w.folder))
case("Folders.exists", "it does not")(lambda w: w.client.folders.exists("no-such-folder"))
case("Folders.check_existence")(lambda w: w.client.folders.check_existence(w.folder))
case("Folders.find")(lambda w: w.client.folders.find())
case("Folders.find", "by name, one page")(
    lambda w: w.client.folders.find(w.folder, favorite=False, page=1, size=5, sort="-updated", status="Design"))
case("Folders.find", "none")(lambda w: w.client.folders.find("no-such-folder"))
case("Folders.create")(lambda w: w.client.folders.create("new"))
case("Folders.create", "with everything said")(
    lambda w: w.client.folders.create("new", description="d", category="Other", start_date="2030-01-01",
                                      launch_date="2031-01-01", status="Design", cover=image()),
    )
case("Folders.create", "it is there", "ConflictError")(lambda w: w.client.folders.create(w.folder))


def image():
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))


@case("Folders.delete")
async def delete(w):
    return await w.come(w.client.folders.delete(await w.folder_id()))


@case("Folders.upload_cover")
async def cover(w):
    return await w.come(w.client.folders.upload_cover(await w.folder_id(), image(), "cover.png"))


def update(flavour, fails=None, broken=None):
    @case("Folders.update", "", fails, broken, flavours=[flavour])
    async def run(w):
        return await w.come(w.client.folders.update(
            await w.folder_id(), description="other", category="Other", start_date="2030-01-01",
            launch_date="2031-01-01"))


update("")
update("Async", "NeverAwaited", AWAITED_TWICE)


@case("Folders.update", "awaited twice", flavours=["Async"])
async def update_twice(w):
    return await (await w.client.folders.update(await w.folder_id(), description="other", cover=None))


case("Categories.list")(lambda w: w.client.folders.categories.list())
case("Categories.save")(lambda w: w.client.folders.categories.save("New"))
case("Categories.save", "under a key")(lambda w: w.client.folders.categories.save("N", key="new", icon="n.svg"))


@case("Categories.delete")
async def delete_category(w):
    await w.come(w.client.folders.categories.save("New", key="new"))
    return await w.come(w.client.folders.categories.delete("new"))


# ---- Transform documents ----

GOOD = sdk.Transform(inputs="$", outputs="{'a': outputs}", api_version="v4")


@case("Transforms.list")
async def list_transforms(w):
    await w.save_transform()
    return await w.come(w.client.transforms.list("a-folder", size=5))


case("Transforms.list", "none")(lambda w: w.client.transforms.list("a-folder", search=[]))
case("Transforms.validate")(lambda w: w.client.transforms.validate(GOOD))
case("Transforms.validate", "a text")(lambda w: w.client.transforms.validate('{"inputs": "$"}'))
case("Transforms.validate", "of another kind")(
    lambda w: w.client.transforms.validate(sdk.Transform(schema="Nodejs22_v1.0.0", inputs="code")))
case("Transforms.validate", "one that the SDK refuses", "SparkSdkError")(
    lambda w: w.client.transforms.validate(sdk.Transform(api_version="v5")))
case("Transforms.save")(lambda w: w.save_transform())


@case("Transforms.get")
async def get_transform(w):
    await w.save_transform()
    return await w.come(w.client.transforms.get("a-folder/same"))


case("Transforms.get", "none", "NotFoundError")(lambda w: w.client.transforms.get(folder="f", name="none"))


@case("Transforms.delete")
async def delete_transform(w):
    await w.save_transform()
    return await w.come(w.client.transforms.delete(folder="a-folder", name="same"))


# ---- the list of calls under way ----

@case("Services.execute", "many at once", flavours=["Async"])
async def together(w):
    return await asyncio.gather(*(w.client.services.execute(w.uri, inputs=w.inputs) for _ in range(20)))
