{#- nbgrader's page of a notebook that is missing imports this file, which nbgrader does not have. -#}
{%- from 'formgrade/formgrade_macros.html.j2' import header as head, nav as navigation -%}
{%- set header = head -%}
{%- set nav = navigation -%}
