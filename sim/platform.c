/* Health, keys and configuration of the tenant. */
#include "sim/catalog.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/operations.h"
#include "sim/options.h"
#include "sim/reply.h"

/* Values are strings in Spark, truth values in several spellings. */
static const char configuration[] =
	"{'APICallHistory_DownloadLimit':'100000','Batch_Buffer_MaxLimit_In_Mb':'500',"
	"'Batch_Chunk_Size':'100',"
	"'Batch_Concurrent_Execution_Limit':'800','Batch_Max_Input_In_Mb':'450',"
	"'Batch_Max_Output_In_Mb':'450',"
	"'Batch_Tenant_In_Mb':'500','BackgroundJobTimeout_Standard_InMin':'120',"
	"'CompilerVersions_Neuron':'Neuron_v1.22.3,Neuron_v1.22.0','DownloadCSVSizeLimit_InBytes':'26214400',"
	"'DownloadFileSizeLimit_InBytes':'262144000','DownloadJSONSizeLimit_InBytes':'26214400',"
	"'EnablePublicAPI':'True','EnablePublicAPI_shell':'TRUE','EnablePublicAPI_wasm':'true',"
	"'EnableTransforms':'True','ExportAPIJobLimit':'1','HybridRunnerUrl':'',"
	"'ImpExSizeLimit_InBytes':'209715200','ImportAPIJobLimit':'1','Initial_Workers':'2',"
	"'MaintenanceStartDateTime':'11/02/2024 06:16:00','SupportedEngineTypes_UI':'Neuron,XConnector,"
	"Type3',"
	"'Transforms_List':'JSONtransforms_v1.0.1,Nodejs22_v1.0.0','UploadFileSizeLimit_InBytes':'209715200',"
	"'WorkQueueJobTimeout_Batch_InMin':'20','WorkQueueJobTimeout_ImpEx_InMin':'20','Tags':{},"
	"'WebHooks':null,'IsPrivateSharingTenant':false}";

void
serve_health(struct exchange *ex)
{
	answer_set(&ex->answer, 200, "application/json", STR("{\"status\":\"UP\"}"));
}

/* A key set of the right shape. Its key signs nothing: what makes a token good is that we remember it. */
void
serve_certs(struct exchange *ex)
{
	if (!str_eq(match_arg(&ex->match, "realm"), str_of(ex->world->options->tenant))) {
		answer_set(&ex->answer, 404, "application/json", STR("{\"error\":\"Realm does not exist\"}"));
		return;
	}
	reply_v4(ex,
		"{'keys':[{'kid':'cspark-sim','kty':'RSA','alg':'RS256','use':'sig','e':'AQAB',"
		"'n':'sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDX"
		"boIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4g"
		"s_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAu"
		"miGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw'}]}");
}

void
serve_configuration(struct exchange *ex)
{
	reply_v1(ex, configuration);
}

void
serve_configurations(struct exchange *ex)
{
	struct buf own;

	buf_init(&own, 65536);
	compose(&own, configuration);
	reply_v1(ex, "[{'tenant':%q,'configuration':%j}]", ex->world->options->tenant, buf_text(&own));
	buf_fini(&own);
}
