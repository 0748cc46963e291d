/*
 * Every endpoint's handler, as routes.def names it. Each finds the request in <ex> (what stands in the path
 * by match_arg()) and answers into ex->answer. Unless the table says otherwise the store's lock is held.
 */
#pragma once

struct exchange;

/* around the API */
void serve_health(struct exchange *ex);
void serve_token(struct exchange *ex);
void serve_certs(struct exchange *ex);
void serve_document(struct exchange *ex);
void serve_configuration(struct exchange *ex);
void serve_configurations(struct exchange *ex);

/* folders.c, categories.c */
void serve_folder_exists(struct exchange *ex);
void serve_folder_list(struct exchange *ex);
void serve_folder_create(struct exchange *ex);
void serve_folder_update(struct exchange *ex);
void serve_folder_delete(struct exchange *ex);
void serve_folder_cover(struct exchange *ex);
void serve_folder_get(struct exchange *ex);
void serve_cover(struct exchange *ex);
void serve_category_list(struct exchange *ex);
void serve_category_save(struct exchange *ex);
void serve_category_delete(struct exchange *ex);

/* lifecycle.c */
void serve_service_exists(struct exchange *ex);
void serve_upload(struct exchange *ex);
void serve_compilation(struct exchange *ex);
void serve_publish(struct exchange *ex);
void serve_recompile(struct exchange *ex);
void serve_service_delete(struct exchange *ex);

/* execute.c */
void serve_execute_v3(struct exchange *ex);
void serve_execute_v4(struct exchange *ex);

/* describe.c, listing.c, swagger.c */
void serve_schema(struct exchange *ex);
void serve_metadata(struct exchange *ex);
void serve_validate(struct exchange *ex);
void serve_versions(struct exchange *ex);
void serve_swagger(struct exchange *ex);
void serve_search(struct exchange *ex);
void serve_service_list(struct exchange *ex);

/* download.c */
void serve_workbook(struct exchange *ex);
void serve_wasm(struct exchange *ex);

/* logs.c */
void serve_log_get(struct exchange *ex);
void serve_log_find(struct exchange *ex);
void serve_rehydrate(struct exchange *ex);
void serve_log_download(struct exchange *ex);
void serve_log_download_status(struct exchange *ex);

/* exports.c, imports.c, impex.c */
void serve_export_describe(struct exchange *ex);
void serve_export_start(struct exchange *ex);
void serve_export_status(struct exchange *ex);
void serve_export_cancel(struct exchange *ex);
void serve_import_describe(struct exchange *ex);
void serve_import_start(struct exchange *ex);
void serve_import_status(struct exchange *ex);

/* batches.c */
void serve_batch_describe(struct exchange *ex);
void serve_batch_create(struct exchange *ex);
void serve_batch_info(struct exchange *ex);
void serve_batch_status(struct exchange *ex);
void serve_batch_push(struct exchange *ex);
void serve_batch_pull(struct exchange *ex);
void serve_batch_change(struct exchange *ex);

/* transforms.c */
void serve_transform_list(struct exchange *ex);
void serve_transform_validate(struct exchange *ex);
void serve_transform_upload(struct exchange *ex);
void serve_transform_save(struct exchange *ex);
void serve_transform_get(struct exchange *ex);
void serve_transform_delete(struct exchange *ex);
void serve_transform_execute(struct exchange *ex);
void serve_transform_execute_legacy(struct exchange *ex);
void serve_transform_run(struct exchange *ex);

/* events.c */
void serve_events_download(struct exchange *ex);
void serve_events_status(struct exchange *ex);

/* runner.c */
void serve_runner_health(struct exchange *ex);
void serve_runner_version(struct exchange *ex);
void serve_runner_status(struct exchange *ex);
void serve_runner_upload(struct exchange *ex);
void serve_runner_validate(struct exchange *ex);
void serve_runner_metadata(struct exchange *ex);
